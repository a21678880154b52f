/* SPDX-License-Identifier: BSD-3-Clause */

/* The clock of base/clock.h, turned by the test: no second passes that it does
 * not turn.  Who waits looks at the clock every other millisecond.
 */

#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

extern void fake_clock_turn (uint64_t ms);

/* Give others some time of the real clock, none of this one. */
extern void fake_clock_rest (void);

/* Until the other threads have nothing to do any more at this time, on a slow
 * machine too; not longer than about a second.
 */
extern void fake_clock_settle (void);

/* Until it is so, without any time, or in small turns of ‘step’ ms.  False: not
 * within ‘limit’ ms of turns, or, without turns, ten real seconds.
 */
extern bool fake_clock_await (bool (*is_so) (void *), void *opaque);
extern bool fake_clock_turn_until (bool (*is_so) (void *), void *opaque,
                                   unsigned step, uint64_t limit);

#endif /* TESTS_FAKE_CLOCK_H */
