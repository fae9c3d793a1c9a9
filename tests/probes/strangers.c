/* strangers HOST PORT: nobody on this machine but the one who was called back gets through to a listener that waits at a
 * proxy. The stranger is this program, started without the library, by the name "stranger". */
#include "callback.h"
#include <sys/syscall.h>
#include <sys/wait.h>

static int stranger(char **words) {
    char byte;
    struct address there = literal(words[1], atoi(words[2]));
    int fd = connected(&there);
    ssize_t got = recv(fd, &byte, 1, 0);
    return !(got == 0 || (got == -1 && errno == ECONNRESET));
}

int main(int count, char **words) {
    CHECK(count == 3);
    if (strcmp(words[0], "stranger") == 0)
        return stranger(words);
    struct address to = resolved(words[1], atoi(words[2])), there;
    int control = connected(&to), fd = listener_like(control), status;
    memset(&there, 0, sizeof there);
    there.length = sizeof there.storage;
    CHECK(syscall(SYS_getsockname, fd, &there.any, &there.length) == 0);
    char text[96], *port;
    in_words(&there, text, sizeof text);
    port = strchr(text, ' ');
    *port++ = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execve("/proc/self/exe", (char *[]){"stranger", text, port, NULL}, (char *[]){NULL});
        _exit(2);
    }
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    CHECK(poll(&entry, 1, -1) == 1);
    nonblocking(fd, 1);
    CHECK(accept(fd, NULL, NULL) == -1 && errno == EAGAIN);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    nonblocking(fd, 0);
    struct address own = name(fd);
    CHECK(call(control, &own));
    int caller = accept(fd, NULL, NULL);
    CHECK(caller >= 0);
    converse(caller);
    return 0;
}
