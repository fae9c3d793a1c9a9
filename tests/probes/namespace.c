/* namespace HOST PORT: no thread of ours remains: only a process with a single one gets a new user namespace. */
#include "gate.h"
#include <sched.h>

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect(fd, &to.any, to.length) == 0 || errno == EINPROGRESS);
    succeeds(fd);
    CHECK(unshare(CLONE_NEWUSER) == 0);
    return 0;
}
