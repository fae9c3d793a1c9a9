/* rate HOST PORT COUNT [PROXY PORT]: sends datagrams to an echo service and prints what one there and back takes, by the clock and
 * by the processor, in nanoseconds. With a proxy it speaks SOCKS5 itself; IPv4 only. */
#include "probe.h"
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

enum { WINDOW = 16, LENGTH = 1200, HEADER = 10 };

/* UDP ASSOCIATE (RFC 1928): connects the socket to the relay, and returns the control connection. */
static int associate(int fd, const char *host, int port) {
    struct address proxy = literal(host, port), relay = proxy;
    unsigned char reply[10];
    int control = connected(&proxy);
    CHECK(write(control, "\5\1\0", 3) == 3);
    CHECK(recv(control, reply, 2, MSG_WAITALL) == 2 && reply[1] == 0);
    CHECK(write(control, "\5\3\0\1\0\0\0\0\0\0", 10) == 10);
    CHECK(recv(control, reply, 10, MSG_WAITALL) == 10 && reply[1] == 0 && reply[3] == 1);
    if (memcmp(reply + 4, "\0\0\0\0", 4))
        memcpy(&relay.v4.sin_addr, reply + 4, 4);
    memcpy(&relay.v4.sin_port, reply + 8, 2);
    CHECK(connect(fd, &relay.any, relay.length) == 0);
    return control;
}

static long long nanoseconds(clockid_t clock) {
    struct timespec now;
    CHECK(clock_gettime(clock, &now) == 0);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void back_and_forth(int fd, struct iovec *parts, int length, int count) {
    int sent = 0, received = 0;
    while (received < count) {
        for (; sent < count && sent - received < WINDOW; sent++)
            CHECK(writev(fd, parts, 2) == length);
        ssize_t back = readv(fd, parts, 2);
        CHECK(back == length || (back == -1 && errno == EAGAIN));
        /* After a loss nothing more is on its way. */
        received = back == length ? received + 1 : sent;
    }
}

int main(int count, char **words) {
    CHECK(count == 4 || count == 6);
    struct address to = resolved(words[1], atoi(words[2]));
    struct timeval limit = {2, 0};
    unsigned char header[HEADER] = {0, 0, 0, 1};
    static char bytes[LENGTH];
    int fd = socket(AF_INET, SOCK_DGRAM, 0), many = atoi(words[3]), control = -1;
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    memcpy(header + 4, &to.v4.sin_addr, 4);
    memcpy(header + 8, &to.v4.sin_port, 2);
    struct iovec parts[2] = {{header, count == 6 ? HEADER : 0}, {bytes, LENGTH}};
    if (count == 6)
        control = associate(fd, words[4], atoi(words[5]));
    else
        CHECK(connect(fd, &to.any, to.length) == 0);
    int length = LENGTH + parts[0].iov_len;
    back_and_forth(fd, parts, length, 1000);
    long long clock = nanoseconds(CLOCK_MONOTONIC), processor = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    back_and_forth(fd, parts, length, many);
    processor = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - processor;
    clock = nanoseconds(CLOCK_MONOTONIC) - clock;
    printf("%lld %lld\n", clock / many, processor / many);
    close(control);
    return 0;
}
