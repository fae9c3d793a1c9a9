/* Waiting for a call back. The service at the target takes lines "ADDRESS PORT", calls there, and answers "called" or
 * "refused"; who is called hears the caller's address first, then gets back what he says, to its end. */
#ifndef CALLBACK_H
#define CALLBACK_H

#include "probe.h"

__attribute__((unused)) static struct address name(int fd) {
    struct address found;
    memset(&found, 0, sizeof found);
    found.length = sizeof found.storage;
    CHECK(getsockname(fd, &found.any, &found.length) == 0);
    return found;
}

static int port_of(const struct address *address) {
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

/* Address and port in words; an IPv4-mapped address as the IPv4 one. */
__attribute__((unused)) static void in_words(const struct address *address, char *text, size_t room) {
    char host[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET)
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
    else if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        inet_ntop(AF_INET, &address->v6.sin6_addr.s6_addr[12], host, sizeof host);
    else
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
    snprintf(text, room, "%s %d", host, port_of(address));
}

/* One line, byte by byte: what follows is not ours to read. */
__attribute__((unused)) static void line(int fd, char *text, size_t room) {
    size_t have = 0;
    for (;;) {
        CHECK(have + 1 < room && recv(fd, text + have, 1, 0) == 1);
        if (text[have] == '\n')
            break;
        have++;
    }
    text[have] = 0;
}

/* Has the target call there; true if somebody answered. */
__attribute__((unused)) static int call(int control, const struct address *there) {
    char text[96];
    in_words(there, text, sizeof text - 1);
    strcat(text, "\n");
    CHECK(send(control, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    line(control, text, sizeof text);
    CHECK(strcmp(text, "called") == 0 || strcmp(text, "refused") == 0);
    return strcmp(text, "called") == 0;
}

/* A listener at the local address of a connection, on a port of the kernel's choice. */
__attribute__((unused)) static int bound_like(int control) {
    struct address own = name(control);
    if (own.any.sa_family == AF_INET)
        own.v4.sin_port = 0;
    else
        own.v6.sin6_port = 0;
    int fd = stream(&own);
    CHECK(bind(fd, &own.any, own.length) == 0);
    return fd;
}

__attribute__((unused)) static int listener_like(int control) {
    int fd = bound_like(control);
    CHECK(listen(fd, 5) == 0);
    return fd;
}

/* A call is whole: the caller is who getpeername says, bytes go both ways, the end of each direction is one. */
__attribute__((unused)) static void converse(int fd) {
    char said[96], expected[96];
    struct address from = peer(fd);
    in_words(&from, expected, sizeof expected);
    line(fd, said, sizeof said);
    if (strcmp(said, expected) != 0) {
        fprintf(stderr, "called by %s, told %s\n", said, expected);
        _exit(1);
    }
    CHECK(send(fd, "ping\n", 5, MSG_NOSIGNAL) == 5);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    line(fd, said, sizeof said);
    CHECK(strcmp(said, "ping") == 0);
    CHECK(recv(fd, said, sizeof said, 0) == 0);
    CHECK(close(fd) == 0);
}

/* Takes a call that has been made, or is. */
__attribute__((unused)) static void take(int listener) {
    int caller = accept(listener, NULL, NULL);
    CHECK(caller >= 0);
    converse(caller);
}

/* What a probe can be asked to do. */
struct mode {
    const char *name;
    void (*run)(void);
};

__attribute__((unused)) static void run(const char *name, const struct mode *modes, size_t count) {
    for (size_t mode = 0; mode < count; mode++)
        if (strcmp(modes[mode].name, name) == 0)
            return modes[mode].run();
    CHECK(!"a mode");
}

__attribute__((unused)) static void nonblocking(int fd, int value) {
    int flags = fcntl(fd, F_GETFL);
    CHECK(flags >= 0);
    CHECK(fcntl(fd, F_SETFL, value ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0);
}

#endif
