/* What every probe needs: a verdict, addresses, one exchange with the target.
 *
 * A probe is one behaviour. It prints what it found, or ends with status 0; CHECK ends it with status 1 and says
 * where. The target answers a line with "you said " and the line, and closes. */
#ifndef PROBE_H
#define PROBE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            const char *word_ = strerrorname_np(errno);                                                      \
            fprintf(stderr, "%s:%d: not so: %s (errno %s)\n", __FILE__, __LINE__, #condition,                \
                    word_ ? word_ : "?");                                                                    \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    };
    socklen_t length;
};

/* An address from a literal of either family. */
__attribute__((unused)) static struct address literal(const char *host, int port) {
    struct address found;
    memset(&found, 0, sizeof found);
    if (inet_pton(AF_INET, host, &found.v4.sin_addr) == 1) {
        found.v4.sin_family = AF_INET;
        found.v4.sin_port = htons(port);
        found.length = sizeof found.v4;
    } else {
        CHECK(inet_pton(AF_INET6, host, &found.v6.sin6_addr) == 1);
        found.v6.sin6_family = AF_INET6;
        found.v6.sin6_port = htons(port);
        found.length = sizeof found.v6;
    }
    return found;
}

/* The first address of a name or literal. */
__attribute__((unused)) static struct address resolved(const char *host, int port) {
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    struct address found;
    snprintf(service, sizeof service, "%d", port);
    int failure = getaddrinfo(host, service, &hints, &list);
    if (failure) {
        fprintf(stderr, "getaddrinfo %s: %s\n", host, gai_strerror(failure));
        _exit(1);
    }
    memset(&found, 0, sizeof found);
    memcpy(&found.storage, list->ai_addr, list->ai_addrlen);
    found.length = list->ai_addrlen;
    freeaddrinfo(list);
    return found;
}

__attribute__((unused)) static int stream(const struct address *to) {
    int fd = socket(to->any.sa_family, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    return fd;
}

__attribute__((unused)) static int connected(const struct address *to) {
    int fd = stream(to);
    CHECK(connect(fd, &to->any, to->length) == 0);
    return fd;
}

/* Says a line to the target on a connected blocking socket and checks the whole answer. */
__attribute__((unused)) static void exchange(int fd) {
    static const char line[] = "hello target\n", answer[] = "you said hello target\n";
    char got[64];
    size_t have = 0;
    ssize_t part;
    CHECK(send(fd, line, sizeof line - 1, MSG_NOSIGNAL) == sizeof line - 1);
    while ((part = recv(fd, got + have, sizeof got - have, 0)) > 0)
        have += part;
    CHECK(part == 0);
    CHECK(have == sizeof answer - 1 && memcmp(got, answer, have) == 0);
}

/* True if both say the same family, host and port. */
__attribute__((unused)) static int same(const struct address *one, const struct address *other) {
    if (one->any.sa_family != other->any.sa_family)
        return 0;
    if (one->any.sa_family == AF_INET)
        return one->v4.sin_port == other->v4.sin_port && one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
    return one->v6.sin6_port == other->v6.sin6_port &&
           memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof one->v6.sin6_addr) == 0;
}

__attribute__((unused)) static struct address peer(int fd) {
    struct address found;
    memset(&found, 0, sizeof found);
    found.length = sizeof found.storage;
    CHECK(getpeername(fd, &found.any, &found.length) == 0);
    return found;
}

#endif
