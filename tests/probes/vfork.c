/* vfork HOST PORT: a vfork child shares our memory; what it closes stays open, and known, in its parent. */
#include "probe.h"
#include <sys/wait.h>

int main(int count, char **words) {
    CHECK(count >= 3);
    struct address to = resolved(words[1], atoi(words[2])), seen;
    if (count == 4) {
        exchange(connected(&to));
        return 0;
    }
    int fd = connected(&to), status;
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        dup2(0, fd);
        execl("/proc/self/exe", "vfork", words[1], words[2], "child", NULL);
        _exit(1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    exchange(fd);
    exchange(connected(&to));
    return 0;
}
