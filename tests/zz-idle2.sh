. "/work/main/tests/fault-functions.sh"
requires_scripted_target
mode=$1
start_scripted
start_nbdkit -v iscsi "$url" noop-interval=1 noop-timeout=1
run_nbdsh -u "$uri" -c - <<END &
import time
h.pread(512, 0)
time.sleep(3600)
END
cleanup_fn end_process $!
wait_until scripted_has read -ge 1
if [ $mode = kill ]; then kill -KILL $scripted_pid; sleep 2; fi
before=$(now)
kill -TERM $nbdkit_pid
for i in $(seq 100); do kill -0 $nbdkit_pid 2>/dev/null || break; sleep 0.1; done
echo "mode $mode took $(($(now) - before))"
if kill -0 $nbdkit_pid 2>/dev/null; then tail -5 $nbdkit_log; gdb -p $nbdkit_pid -batch -ex 'thread apply all bt 12' 2>/dev/null | grep -v '^\[New\|warning' | tail -80; kill -9 $nbdkit_pid; fi
