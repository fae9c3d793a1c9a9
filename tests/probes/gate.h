/* The gate at which a scripted proxy waits before its last answer; see src/gate.rs. Looking and opening take no
 * descriptor, so that the numbers a probe gets are those it expects. */
#ifndef GATE_H
#define GATE_H

#include "probe.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

static const char *gate_directory;

static void gate_path(char *path, size_t size, const char *sign) {
    CHECK(snprintf(path, size, "%s/%s", gate_directory, sign) < (int)size);
}

static int gate_has(const char *sign) {
    char path[512];
    gate_path(path, sizeof path, sign);
    return access(path, F_OK) == 0;
}

static void a_moment(void) {
    struct timespec moment = {0, 1000000};
    nanosleep(&moment, NULL);
}

/* "reached": the proxy has the request. "ended": the application's end of the connection is gone. */
__attribute__((unused)) static void gate_await(const char *sign) {
    while (!gate_has(sign))
        a_moment();
}

static volatile int gate_is_open;

__attribute__((unused)) static void gate_open(void) {
    char path[512];
    gate_path(path, sizeof path, "open");
    CHECK(!gate_has("rushed"));
    gate_is_open = 1;
    CHECK(mknod(path, S_IFREG | 0600, 0) == 0);
}

/* A socket whose proxy has the request and waits at the gate. */
__attribute__((unused)) static int parked(const struct address *to) {
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK(connect(fd, &to->any, to->length) == -1 && errno == EINPROGRESS);
    gate_await("reached");
    return fd;
}

__attribute__((unused)) static int pending_error(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    return error;
}

__attribute__((unused)) static void set_blocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    CHECK(flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
}

__attribute__((unused)) static void set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    CHECK(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

__attribute__((unused)) static int is_writable(int fd, int timeout) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int ready = poll(&entry, 1, timeout);
    CHECK(ready >= 0);
    return ready == 1 && entry.revents & POLLOUT;
}

__attribute__((unused)) static void is_without_error(int fd) {
    int error = pending_error(fd);
    if (error) {
        fprintf(stderr, "the connect failed: %s\n", strerrorname_np(error));
        _exit(1);
    }
}

/* The handshake ends well, and data flows. */
__attribute__((unused)) static void succeeds(int fd) {
    CHECK(is_writable(fd, -1));
    is_without_error(fd);
    set_blocking(fd);
    exchange(fd);
}

/* The same, and the connection is the one that was asked for. */
__attribute__((unused)) static void concludes(int fd, const struct address *to) {
    struct address seen;
    CHECK(is_writable(fd, -1));
    is_without_error(fd);
    seen = peer(fd);
    CHECK(same(&seen, to));
    set_blocking(fd);
    exchange(fd);
}

/* Waits until a thread of this process sleeps in the kernel. */
__attribute__((unused)) static void await_sleep(pid_t thread) {
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = 0;
        if (file)
            fclose(file);
        a_moment();
    }
}

/* How many descriptors this process has open. */
__attribute__((unused)) static int open_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    CHECK(directory);
    while (readdir(directory))
        count++;
    CHECK(closedir(directory) == 0);
    return count;
}

#endif
