/* For probes whose words are compared with those of the same probe without us: each call is told with what came of it,
 * and nothing is told that may differ between two runs. */
#ifndef TOLD_H
#define TOLD_H

#include "probe.h"
#include <netinet/udp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

static struct address to;
static char bytes[66000], got[66000];
/* What is no memory of ours, and a count that is none: the compiler may not know. */
__attribute__((unused)) static void *volatile nowhere = (void *)1;
__attribute__((unused)) static volatile int below_zero = -1;

static void begin(int count, char **words) {
    CHECK(count == 3);
    setvbuf(stdout, NULL, _IOLBF, 0);
    to = resolved(words[1], atoi(words[2]));
    for (size_t index = 0; index < sizeof bytes; index++)
        bytes[index] = 'a' + index * 31 % 251 % 26;
}

/* Tells the outcome of a call, and errno where it failed. */
static long told(const char *call, long outcome) {
    const char *word = outcome == -1 ? strerrorname_np(errno) : "";
    printf("%s: %ld %s\n", call, outcome, word ? word : "?");
    return outcome;
}

#define TOLD(call) told(#call, (long)(call))

/* What was received, by its length, its begin and a sum of all of it. */
__attribute__((unused)) static void told_bytes(const void *data, long length) {
    const unsigned char *byte = data;
    unsigned sum = 0;
    for (long index = 0; index < length; index++)
        sum = sum * 31 + byte[index];
    printf("  bytes %ld sum %u begin %.*s\n", length, sum, (int)(length < 16 ? length : 16), (const char *)data);
}

__attribute__((unused)) static void told_address(const struct address *found) {
    struct address whole = *found;
    if (whole.length > sizeof whole.storage)
        whole.length = sizeof whole.storage;
    const char *who = same(&whole, &to) ? "the target" : "somebody else";
    printf("  address %s length %d\n", found->length ? who : "nobody", (int)found->length);
}

__attribute__((unused)) static struct address nobody(void) {
    struct address none;
    memset(&none, 0, sizeof none);
    none.length = sizeof none.storage;
    return none;
}

static int datagram(void) {
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    struct timeval limit = {20, 0};
    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

__attribute__((unused)) static int connected_datagram(void) {
    int fd = datagram();
    CHECK(connect(fd, &to.any, to.length) == 0);
    return fd;
}

/* Waits until a datagram is there. */
__attribute__((unused)) static void arrives(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    CHECK(poll(&entry, 1, 20000) == 1 && entry.revents == POLLIN);
}

/* Receives the echo of what was sent, and tells it. One that does not come is the end. */
__attribute__((unused)) static void comes(int fd) {
    struct address from = nobody();
    ssize_t length = recvfrom(fd, got, sizeof got, 0, &from.any, &from.length);
    CHECK(told("  echo", length) >= 0);
    told_bytes(got, length);
    told_address(&from);
}

/* Has the target send a datagram, and waits until it is there. */
__attribute__((unused)) static void ask(int fd, const char *text, size_t length) {
    CHECK(sendto(fd, text, length, 0, &to.any, to.length) == (ssize_t)length);
    arrives(fd);
}

#endif
