/* SPDX-License-Identifier: BSD-3-Clause */

/* The callbacks of nbdkit.  All errors of the rooms below end here, and are
 * told to nbdkit on the thread that asked.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include "block.h"
#include "clock.h"
#include "debug.h"
#include "describe.h"
#include "disk.h"
#include "error.h"
#include "exports.h"
#include "extents.h"
#include "geometry.h"
#include "listing.h"
#include "parameters.h"
#include "report.h"
#include "scheduling.h"
#include "session.h"
#include "status-socket.h"
#include "stop.h"
#include "tally.h"
#include "target.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

/* Constant from .config_complete to .unload. */
static struct settings params;

/* The hold on the URL's LUN that keeps its session open while no client is
 * connected, and says which LUN it is until the server ends.  NULL if the URL
 * has no LUN, or it could not be reached yet.
 */
static _Atomic (struct handle *) kept;

/* A request failed.  That a fast zero would not be fast is an answer, not
 * an error, and an empty sentence was told already.
 */
static int
request_failed (const struct error *err)
{
  if (err->err != ENOTSUP && *err->msg)
    report_some (err->msg);
  nbdkit_set_error (err->err);
  return -1;
}

/* Each request of a client is between these two. */
static void
begin (void *handle)
{
  tally_begin (disk_tally (handle));
}

static int
finish (void *handle, enum op op, uint32_t count, int r,
        const struct error *err)
{
  tally_end (disk_tally (handle), op, r == 0 ? count : 0,
             r == -1 && err->err != ENOTSUP);
  return r == -1 ? request_failed (err) : 0;
}

/* A client gets no disk, or no list of them.  Since nbdkit 1.42 it is told
 * what was told to nbdkit last on this thread: each of them needs the
 * sentence, however many others had it.
 */
static void
refuse (const struct error *err)
{
  if (*err->msg)
    nbdkit_error ("%s", err->msg);
}

/* nbdkit itself has told what is wrong. */
static int
told_already (struct error *err)
{
  return error_set (err, errno, "%s", "");
}

/* nbdkit tells whether it was asked to quit only through nbdkit_nanosleep,
 * and prints an error each time that it says so: ask when something hangs,
 * and only until then.
 */
#define PATIENCE_MS 500

struct patience {
  uint64_t since;               /* clock_ms */
  bool over;
};

/* For struct stop, on a thread of nbdkit's: did the client leave, or does
 * the server?
 */
static bool
client_gone (void *pv)
{
  struct patience *p = pv;

  if (!p->over && clock_ms () - p->since >= PATIENCE_MS)
    p->over = nbdkit_nanosleep (0, 1) == -1;
  return p->over;
}

/* The same for the engines' threads, which ask when something hangs. */
static bool
shutting_down (void)
{
  static atomic_bool quit;

  if (!quit && nbdkit_nanosleep (0, 1) == -1)
    quit = true;
  return quit;
}

static void
plugin_load (void)
{
  parameters_init (&params);
}

static void
plugin_unload (void)
{
  parameters_free (&params);
}

static int
plugin_config (const char *key, const char *value)
{
  return parameters_set (&params, key, value);
}

static int
plugin_config_complete (void)
{
  return parameters_complete (&params);
}

static void
plugin_dump_plugin (void)
{
  printf ("iscsi_iser=%s\n", session_has_iser () ? "yes" : "no");
#ifdef HAVE_ISCSI_SET_DATA_DIGEST
  printf ("iscsi_data_digest=yes\n");
#else
  printf ("iscsi_data_digest=no\n");
#endif
#ifdef HAVE_ISCSI_SET_AUTH
  printf ("iscsi_chap_sha=yes\n");
#else
  printf ("iscsi_chap_sha=no\n");
#endif
  printf ("iscsi_max_lun=%d\n", URL_MAX_LUN);
  printf ("iscsi_max_portals=%d\n", MAX_PORTALS);
  printf ("iscsi_max_sessions=%d\n", MAX_SESSIONS);
  printf ("iscsi_default_port=%d\n", URL_DEFAULT_PORT);
  printf ("iscsi_default_sessions=%u\n", params.sessions);
  printf ("iscsi_default_timeout=%g\n", params.timeout_ms / 1000.0);
  printf ("iscsi_default_login_timeout=%g\n",
          params.login_timeout_ms / 1000.0);
  printf ("iscsi_default_recovery_timeout=%g\n",
          params.recovery_timeout_ms / 1000.0);
  printf ("iscsi_default_noop_interval=%g\n",
          params.noop_interval_ms / 1000.0);
  printf ("iscsi_default_noop_timeout=%g\n", params.noop_timeout_ms / 1000.0);
}

/* nbdkit before 1.33.10 ends with a failed assertion when a client goes away
 * while one of its replies is sent and another one is due (docs/upstream.md).
 * A server does not tell its version, and this plugin need not run in the one
 * that it was built for: it is known by a function that came with 1.33.3, as
 * no stable release lies between.
 */
extern void nbdkit_disconnect (int force) __attribute__ ((__weak__));

/* With --run the server has one user, who loses nothing but what was killed,
 * and would be told with each command.  nbdkit does not tell plugins.
 */
static bool
is_captive (void)
{
  FILE *fp = fopen ("/proc/self/cmdline", "re");
  char *arg = NULL;
  size_t len = 0;
  bool r = false;

  while (fp && !r && getdelim (&arg, &len, '\0', fp) > 0)
    r = strcmp (arg, "--run") == 0 || strncmp (arg, "--run=", 6) == 0;
  free (arg);
  if (fp)
    fclose (fp);
  return r;
}

static void
warn_of_old_nbdkit (void)
{
  if (nbdkit_disconnect == NULL && !is_captive ())
    log_event ("this nbdkit is older than 1.34: a client that is killed while "
               "it reads can end the whole server: see BUGS in "
               "nbdkit-iscsi-plugin(1)");
}

static int
preflight (void)
{
  const struct url *url = &params.url;
  struct error err;
  int r;

  if (url->lun >= 0)
    r = target_preflight (&params, url->target, url->lun, &err);
  else
    r = exports_preflight (&params, &err);
  if (r == -1)
    nbdkit_error ("%s", err.msg);
  return r;
}

/* Before the fork, so that what is wrong is still told in the terminal. */
static int
plugin_get_ready (void)
{
  struct error err;

  if (params.preflight && preflight () == -1)
    return -1;
  if (params.status_socket &&
      status_socket_open (params.status_socket, &err) == -1) {
    nbdkit_error ("%s", err.msg);
    return -1;
  }
  warn_of_old_nbdkit ();
  return 0;
}

/* No thread can be started earlier. */
static int
plugin_after_fork (void)
{
  struct patience patience = { .since = clock_ms () };
  const struct stop stop = { .asked = client_gone, .opaque = &patience };
  struct error err;

  parameters_forget_environment (); /* not that of --run */
  nexus_set_shutting_down (shutting_down);
  if (params.sched_batch)
    sched_enable ();
  if (status_socket_start (&err) == -1) {
    nbdkit_error ("%s", err.msg);
    return -1;
  }
  if (params.url.lun == -1)
    return 0;

  kept = disk_hold (&params, params.url.target, params.url.lun,
                    disk_open_limit (&params), &stop, &err);
  /* A server that was told to quit meanwhile does so, and has not failed. */
  if (kept || err.err == ESHUTDOWN)
    return 0;
  nbdkit_error ("%s", err.msg);
  if (!params.preflight)
    return 0;
  status_socket_close ();
  return -1;
}

static void
plugin_cleanup (void)
{
  status_socket_close ();
  if (kept)
    disk_close (kept);
  kept = NULL;
  disk_close_all ();
  exports_forget ();
  report_end ();
}

static int
add_export (void *exports, const char *name, const char *description,
            struct error *err)
{
  if (nbdkit_add_export (exports, name, description) == -1)
    return told_already (err);
  return 0;
}

/* The only export, which goes by any name. */
static int
list_lun (struct nbdkit_exports *exports)
{
  char buf[DESCRIPTION_LEN];
  const char *description = NULL;

  if (kept)
    description = describe_lun (&kept->facts, params.url.target,
                                params.url.lun, buf);
  return nbdkit_add_export (exports, "", description);
}

static int
plugin_list_exports (int readonly __attribute__ ((__unused__)),
                     int is_tls __attribute__ ((__unused__)),
                     struct nbdkit_exports *exports)
{
  struct patience patience = { .since = clock_ms () };
  const struct stop stop = { .asked = client_gone, .opaque = &patience };
  struct error err;

  if (params.url.lun >= 0)
    return list_lun (exports);

  if (listing_tell (&params, &stop, add_export, exports, &err) == -1) {
    refuse (&err);
    return -1;
  }
  return 0;
}

static const char *
plugin_default_export (int readonly __attribute__ ((__unused__)),
                       int is_tls __attribute__ ((__unused__)))
{
  struct patience patience = { .since = clock_ms () };
  const struct stop stop = { .asked = client_gone, .opaque = &patience };
  struct error err;
  const char *r;
  char *name;

  name = exports_default (&params, &stop, &err);
  if (name == NULL) {
    refuse (&err);
    return NULL;
  }
  r = nbdkit_strdup_intern (name);
  free (name);
  return r;
}

/* The URL's LUN, if it could not be reached at the start.  Part of the open of
 * one client; the others do not wait for it.
 */
static void
keep (uint64_t limit)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  struct error err;

  if (params.url.lun == -1 || pthread_mutex_trylock (&lock) != 0)
    return;
  if (kept == NULL)
    kept = disk_hold (&params, params.url.target, params.url.lun, limit, NULL,
                      &err);
  pthread_mutex_unlock (&lock);
}

static void *
plugin_open (int readonly)
{
  struct patience patience = { .since = clock_ms () };
  const struct stop stop = { .asked = client_gone, .opaque = &patience };
  const uint64_t limit = disk_open_limit (&params);
  const char *name = nbdkit_export_name ();
  struct handle *h;
  struct error err;

  if (name == NULL)
    return NULL;
  h = exports_open (&params, name, &stop, &err);
  if (h == NULL) {
    refuse (&err);
    return NULL;
  }
  keep (limit);
  if (h->facts.read_only && !readonly)
    nbdkit_debug ("this LUN is a CD or is write protected: served read-only");
  return h;
}

static void
plugin_close (void *handle)
{
  disk_close (handle);
}

static const char *
plugin_export_description (void *handle)
{
  const struct handle *h = handle;
  char description[DESCRIPTION_LEN];

  return nbdkit_strdup_intern (describe_lun (&h->facts, disk_target (h),
                                             h->lun, description));
}

/* The size of the LUN when it was opened. */
static int64_t
plugin_get_size (void *handle)
{
  const struct handle *h = handle;

  return h->facts.size;
}

static int
plugin_block_size (void *handle, uint32_t *minimum,
                   uint32_t *preferred, uint32_t *maximum)
{
  const struct lun_facts *f = &((const struct handle *) handle)->facts;
  const struct block_sizes sizes =
    block_sizes_of (f->capacity.block_len, f->capacity.phys_exponent,
                    f->limits.granularity, f->limits.opt_transfer);

  *minimum = sizes.minimum;
  *preferred = sizes.preferred;
  *maximum = sizes.maximum;
  return 0;
}

/* SBC-4 6.6.2: revolutions per minute; 1 is solid state, 0 is not told. */
static int
plugin_is_rotational (void *handle)
{
  const struct handle *h = handle;

  return h->facts.rotation_rate >= 0x401 && h->facts.rotation_rate <= 0xfffe;
}

static int
plugin_can_write (void *handle)
{
  const struct handle *h = handle;

  return !h->facts.read_only;
}

/* A write-protected LUN may refuse SYNCHRONIZE CACHE too. */
static int
plugin_can_flush (void *handle)
{
  return plugin_can_write (handle);
}

static int
plugin_can_fua (void *handle)
{
  return block_has_fua (handle) ? NBDKIT_FUA_NATIVE : NBDKIT_FUA_EMULATE;
}

static int
plugin_can_trim (void *handle)
{
  return block_can_trim (handle);
}

/* What the LUN has for it is learnt by trying. */
static int
plugin_can_zero (void *handle __attribute__ ((__unused__)))
{
  return 1;
}

/* Always: a client that sends the flag where it was not offered would end
 * nbdkit (an assertion of its own, in 1.42.3 too); where a zero would not be
 * fast the answer is ENOTSUP.
 */
static int
plugin_can_fast_zero (void *handle __attribute__ ((__unused__)))
{
  return 1;
}

static int
plugin_can_extents (void *handle)
{
  return extents_can (handle);
}

static int
plugin_can_cache (void *handle)
{
  return block_can_cache (handle) ? NBDKIT_CACHE_NATIVE : NBDKIT_CACHE_NONE;
}

/* SYNCHRONIZE CACHE covers what was written over any session. */
static int
plugin_can_multi_conn (void *handle __attribute__ ((__unused__)))
{
  return 1;
}

static int
plugin_pread (void *handle, void *buf, uint32_t count, uint64_t offset,
              uint32_t flags __attribute__ ((__unused__)))
{
  struct error err;
  int r;

  sched_follow ();
  begin (handle);
  r = block_read (handle, buf, count, offset, &err);
  return finish (handle, OP_READ, count, r, &err);
}

static int
plugin_pwrite (void *handle, const void *buf, uint32_t count,
               uint64_t offset, uint32_t flags)
{
  const bool fua = flags & NBDKIT_FLAG_FUA;
  struct error err;
  int r;

  sched_follow ();
  begin (handle);
  r = block_write (handle, buf, count, offset, fua, &err);
  return finish (handle, OP_WRITE, count, r, &err);
}

static int
plugin_flush (void *handle, uint32_t flags __attribute__ ((__unused__)))
{
  struct error err;
  int r;

  begin (handle);
  r = block_flush (handle, &err);
  return finish (handle, OP_FLUSH, 0, r, &err);
}

static int
plugin_trim (void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
  const bool fua = flags & NBDKIT_FLAG_FUA;
  struct error err;
  int r;

  begin (handle);
  r = block_trim (handle, count, offset, fua, &err);
  return finish (handle, OP_TRIM, count, r, &err);
}

static int
plugin_zero (void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
  const bool may_trim = flags & NBDKIT_FLAG_MAY_TRIM;
  const bool fast = flags & NBDKIT_FLAG_FAST_ZERO;
  const bool fua = flags & NBDKIT_FLAG_FUA;
  struct error err;
  int r;

  begin (handle);
  r = block_zero (handle, count, offset, may_trim, fast, fua, &err);
  return finish (handle, OP_ZERO, count, r, &err);
}

static int
plugin_cache (void *handle, uint32_t count, uint64_t offset,
              uint32_t flags __attribute__ ((__unused__)))
{
  struct error err;
  int r;

  begin (handle);
  r = block_cache (handle, count, offset, &err);
  return finish (handle, OP_CACHE, count, r, &err);
}

static int
add_extent (void *extents, uint64_t offset, uint64_t length,
            bool hole, bool zero, struct error *err)
{
  const uint32_t type =
    (hole ? NBDKIT_EXTENT_HOLE : 0) | (zero ? NBDKIT_EXTENT_ZERO : 0);

  if (nbdkit_add_extent (extents, offset, length, type) == -1)
    return told_already (err);
  return 0;
}

static int
plugin_extents (void *handle, uint32_t count, uint64_t offset,
                uint32_t flags, struct nbdkit_extents *extents)
{
  const bool one = flags & NBDKIT_FLAG_REQ_ONE;
  struct error err;
  int r;

  begin (handle);
  r = extents_get (handle, count, offset, one,
                   add_extent, extents, &err);
  return finish (handle, OP_EXTENTS, 0, r, &err);
}

static struct nbdkit_plugin plugin = {
  .name               = "iscsi",
  .longname           = "nbdkit iSCSI plugin",
  .version            = PACKAGE_VERSION,
  .description        = "Export the LUNs of an iSCSI target",
  .load               = plugin_load,
  .unload             = plugin_unload,
  .dump_plugin        = plugin_dump_plugin,
  .config             = plugin_config,
  .config_complete    = plugin_config_complete,
  .config_help        = parameters_help,
  .magic_config_key   = "url",
  .get_ready          = plugin_get_ready,
  .after_fork         = plugin_after_fork,
  .cleanup            = plugin_cleanup,
  .list_exports       = plugin_list_exports,
  .default_export     = plugin_default_export,
  .open               = plugin_open,
  .close              = plugin_close,
  .export_description = plugin_export_description,
  .get_size           = plugin_get_size,
  .block_size         = plugin_block_size,
  .is_rotational      = plugin_is_rotational,
  .can_write          = plugin_can_write,
  .can_flush          = plugin_can_flush,
  .can_fua            = plugin_can_fua,
  .can_trim           = plugin_can_trim,
  .can_zero           = plugin_can_zero,
  .can_fast_zero      = plugin_can_fast_zero,
  .can_extents        = plugin_can_extents,
  .can_cache          = plugin_can_cache,
  .can_multi_conn     = plugin_can_multi_conn,
  .pread              = plugin_pread,
  .pwrite             = plugin_pwrite,
  .flush              = plugin_flush,
  .trim               = plugin_trim,
  .zero               = plugin_zero,
  .cache              = plugin_cache,
  .extents            = plugin_extents,
  /* Errors are told by nbdkit_set_error. */
  .errno_is_preserved = 0,
};

/* nbdkit's macro defines it without a prototype. */
extern struct nbdkit_plugin *plugin_init (void);

NBDKIT_REGISTER_PLUGIN (plugin)
