/* SPDX-License-Identifier: BSD-3-Clause */

/* The clock of base/clock.h, turned by the test: no second passes that it does
 * not turn.  Who waits looks at the clock every other millisecond, or later.
 */

#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

extern void fake_clock_turn (uint64_t ms);

/* Give others some time of the real clock, none of this one. */
extern void fake_clock_rest (void);

/* Until the other threads have nothing to do any more at this time: all who
 * wait have looked at the clock, however late they come to it, and none runs.
 * For one thread; not longer than ten seconds or so.
 */
extern void fake_clock_settle (void);

/* Until it is so, without any time, or in small turns of ‘step’ ms.  False: not
 * within ‘limit’ ms of turns, or, without turns, ten real seconds.
 */
extern bool fake_clock_await (bool (*is_so) (void *), void *opaque);
extern bool fake_clock_turn_until (bool (*is_so) (void *), void *opaque,
                                   unsigned step, uint64_t limit);

#endif /* TESTS_FAKE_CLOCK_H */
