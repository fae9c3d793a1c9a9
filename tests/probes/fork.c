/* fork HOST PORT: a name resolved in one process is good in its relatives, by fork and by exec. */
#include "probe.h"
#include <sys/wait.h>

static void await(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void as_child(void (*work)(const struct address *), const struct address *to) {
    pid_t child = fork();
    if (child == 0) {
        work(to);
        _exit(0);
    }
    await(child);
}

static void talk(const struct address *to) {
    exchange(connected(to));
}

static void become_another(const struct address *to) {
    char host[INET6_ADDRSTRLEN], port[8];
    CHECK(inet_ntop(AF_INET, &to->v4.sin_addr, host, sizeof host));
    snprintf(port, sizeof port, "%d", ntohs(to->v4.sin_port));
    execl("/proc/self/exe", "fork", host, port, "literal", NULL);
    CHECK(!"exec");
}

int main(int count, char **words) {
    CHECK(count >= 3);
    struct address to = resolved(words[1], atoi(words[2]));
    if (count == 4) {
        talk(&to);
        return 0;
    }
    CHECK(to.any.sa_family == AF_INET);
    as_child(talk, &to);
    as_child(become_another, &to);

    /* Resolved by a child, used by its parent. */
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        to = resolved("v4.target.test", atoi(words[2]));
        CHECK(write(ends[1], &to, sizeof to) == sizeof to);
        _exit(0);
    }
    CHECK(read(ends[0], &to, sizeof to) == sizeof to);
    await(child);
    talk(&to);
    return 0;
}
