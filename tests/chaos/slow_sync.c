/* A disk that takes its time: every fsync and fdatasync of a process it is preloaded into waits first.
   SLOW_SYNC_MS: how long, in milliseconds. Writes go where they always go. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_first(void) {
    const char *text = getenv("SLOW_SYNC_MS");
    long milliseconds = text ? atol(text) : 0;
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    while (nanosleep(&left, &left)) {
    }
}

int fsync(int descriptor) {
    wait_first();
    return syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
    wait_first();
    return syscall(SYS_fdatasync, descriptor);
}
