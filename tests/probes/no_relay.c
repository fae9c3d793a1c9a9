/* no_relay HOST PORT: what is told of a proxy that gives no relay, by every call, and that the socket lives on. */
#include "probe.h"

static const char *tell(long outcome) {
    return outcome == -1 ? strerrorname_np(errno) : "no error";
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int loose = socket(to.any.sa_family, SOCK_DGRAM, 0), tied = socket(to.any.sa_family, SOCK_DGRAM, 0);
    printf("%s ", tell(sendto(loose, "x", 1, 0, &to.any, to.length)));
    /* What a proxy can never do is remembered, and told when connecting. */
    long outcome = connect(tied, &to.any, to.length);
    printf("%s ", tell(outcome == 0 ? send(tied, "x", 1, 0) : outcome));
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    CHECK(connect(tied, &nobody, sizeof nobody) == 0);
    /* On this machine all is as ever. */
    struct address here = literal("127.0.0.1", 0), other = literal("127.0.0.1", 0);
    int listener = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(listener, &here.any, here.length) == 0);
    CHECK(getsockname(listener, &other.any, &other.length) == 0);
    CHECK(to.any.sa_family != AF_INET || sendto(loose, "here", 4, 0, &other.any, other.length) == 4);
    printf("%s\n", tell(sendto(tied, "x", 1, 0, &to.any, to.length)));
    return 0;
}
