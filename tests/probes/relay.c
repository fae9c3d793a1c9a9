/* relay HOST PORT: what a relay sends beside the answers does not arrive, and one whose proxy hangs up is replaced. */
#include "probe.h"
#include <sched.h>

static struct address to;
static char got[100];
static int is_name;

static int datagram(int is_connected) {
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    struct timeval limit = {20, 0};
    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(!is_connected || connect(fd, &to.any, to.length) == 0);
    return fd;
}

static void answered(int fd, const char *text) {
    struct address from = {.length = sizeof from.storage};
    ssize_t length = strlen(text);
    CHECK(sendto(fd, text, length, 0, &to.any, to.length) == length);
    ssize_t received = recvfrom(fd, got, sizeof got, 0, &from.any, &from.length);
    if (received != length || memcmp(got, text, length))
        fprintf(stderr, "%s was answered with %zd bytes: %.*s\n", text, received, received > 0 ? (int)received : 0, got);
    CHECK(received == length);
    CHECK(memcmp(got, text, length) == 0 && same(&from, &to));
    CHECK(recv(fd, got, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

static int error_of(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    return error;
}

static void misled(int is_connected) {
    int fd = datagram(is_connected);
    answered(fd, "honest");
    answered(fd, "fragments");
    answered(fd, "short");
    answered(fd, "kind");
    answered(fd, "no name");
    answered(fd, "name");
    /* The kernel keeps strangers from a connected socket, and tells them so; one that is not may hear from other targets, and
     * a name may have any address. */
    if (!is_connected)
        answered(fd, "stranger");
    else if (!is_name)
        answered(fd, "other");
    CHECK(close(fd) == 0);
}

/* The proxy hangs up: an error, once; then there is another association. */
static void hung_up(int is_connected) {
    int fd = datagram(is_connected), error;
    answered(fd, "before");
    CHECK(sendto(fd, "close", 5, 0, &to.any, to.length) == 5);
    while ((error = error_of(fd)) == 0)
        sched_yield();
    CHECK(error == ECONNREFUSED && error_of(fd) == 0);
    answered(fd, "after");
    /* A call that waits is told, too. */
    CHECK(sendto(fd, "close", 5, 0, &to.any, to.length) == 5);
    CHECK(recv(fd, got, sizeof got, 0) == -1 && errno == ECONNREFUSED);
    answered(fd, "after that");
    CHECK(close(fd) == 0);
}

int main(int count, char **words) {
    CHECK(count == 3);
    to = resolved(words[1], atoi(words[2]));
    is_name = strchr(words[1], ':') == NULL && words[1][strspn(words[1], "0123456789.")] != 0;
    for (int is_connected = 0; is_connected < 2; is_connected++) {
        misled(is_connected);
        hung_up(is_connected);
    }
    int fd = datagram(0);
    CHECK(sendto(fd, "end", 3, 0, &to.any, to.length) == 3);
    return 0;
}
