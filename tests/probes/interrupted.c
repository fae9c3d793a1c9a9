/* interrupted HOST PORT: a handler installed without SA_RESTART ends a connect with EINTR. The proxy hangs. */
#include "probe.h"
#include <signal.h>
#include <sys/time.h>

static void on_alarm(int signal) {
    (void)signal;
}

int main(int count, char **words) {
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval soon = {{0, 20000}, {0, 20000}};
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int fd = stream(&to);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(connect(fd, &to.any, to.length) == -1);
    puts(strerrorname_np(errno));
    return 0;
}
