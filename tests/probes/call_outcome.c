/* call_outcome HOST PORT HOW: what an application is told of a proxy's answers to BIND. Prints the function that failed and
 * its errno, or the address to call, who called and what he said first. HOW is blocking or polling. */
#include "callback.h"

static int failed(const char *function) {
    printf("%s %s\n", function, strerrorname_np(errno));
    return 0;
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    int fd = bound_like(connected(&to));
    if (listen(fd, 1) != 0)
        return failed("listen");
    struct address own = name(fd), from = {.length = sizeof from.storage};
    char text[96];
    in_words(&own, text, sizeof text);
    printf("%s\n", text);
    if (strcmp(words[3], "polling") == 0) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        nonblocking(fd, 1);
        CHECK(poll(&entry, 1, -1) == 1 && entry.revents == POLLIN);
    }
    int caller = accept(fd, &from.any, &from.length);
    if (caller < 0)
        return failed("accept");
    in_words(&from, text, sizeof text);
    printf("%s\n", text);
    line(caller, text, sizeof text);
    printf("%s\n", text);
    return 0;
}
