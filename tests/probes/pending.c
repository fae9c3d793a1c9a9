/* pending HOST PORT CLOSED: connect has told its error; none is left in SO_ERROR. */
#include "probe.h"

static int pending(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    if (error)
        fprintf(stderr, "pending: %s\n", strerrorname_np(error));
    return error;
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2])), closed = resolved(words[1], atoi(words[3]));
    int fd = stream(&to);
    CHECK(connect(fd, &closed.any, closed.length) == -1 && errno == ECONNREFUSED);
    CHECK(pending(fd) == 0);
    CHECK(connect(fd, &to.any, to.length) == 0);
    CHECK(pending(fd) == 0);
    return 0;
}
