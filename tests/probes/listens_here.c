/* listens_here HOST PORT: a process with a connection through a proxy serves on this machine as ever. */
#include "callback.h"
#include <sys/syscall.h>

/* What the kernel says, whatever we say. */
static struct address real_name(int fd) {
    struct address found;
    memset(&found, 0, sizeof found);
    found.length = sizeof found.storage;
    CHECK(syscall(SYS_getsockname, fd, &found.any, &found.length) == 0);
    return found;
}

static int bound(const char *host, int port) {
    struct address own = literal(host, port);
    int fd = stream(&own);
    CHECK(bind(fd, &own.any, own.length) == 0);
    return fd;
}

static void serves(int fd) {
    struct address before = name(fd), own, there;
    CHECK(listen(fd, 5) == 0);
    own = name(fd);
    there = real_name(fd);
    CHECK(same(&own, &there));
    CHECK(same(&own, &before) || port_of(&before) == 0);
    there = literal(own.any.sa_family == AF_INET ? "127.0.0.1" : "::1", port_of(&own));
    int near = connected(&there), far = accept(fd, NULL, NULL);
    CHECK(far >= 0);
    CHECK(send(near, "x\n", 2, 0) == 2);
    char text[8];
    line(far, text, sizeof text);
    close(near);
    close(far);
    close(fd);
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int control = connected(&to);
    serves(bound("127.0.0.1", 0));
    serves(bound("0.0.0.0", 0));
    serves(bound("0.0.0.0", 6881));
    serves(bound("::1", 0));
    serves(bound("::", 0));
    struct address any = literal("0.0.0.0", 0);
    serves(stream(&any));
    int here = listener_like(control);
    struct address one = name(here), other = real_name(here);
    CHECK(same(&one, &other));
    // At the very address of the connection, but on a port of its own choice.
    struct address own = name(control);
    if (own.any.sa_family == AF_INET)
        own.v4.sin_port = htons(6882);
    else
        own.v6.sin6_port = htons(6882);
    int fd = stream(&own);
    CHECK(bind(fd, &own.any, own.length) == 0 && listen(fd, 5) == 0);
    struct address later = name(fd);
    CHECK(same(&own, &later));
    return 0;
}
