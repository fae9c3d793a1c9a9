/* invalid V4 PORT: prints what the kernel says to arguments it does not like; the same with us as without. */
#include "probe.h"

static void tell(const char *what, int outcome) {
    printf("%s: %s\n", what, outcome == -1 ? strerrorname_np(errno) : "0");
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = literal(words[1], atoi(words[2]));
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC}, strange = {.sa_family = 99};
    struct address mapped = literal("::ffff:127.0.0.1", 9);
    int file = open("/dev/null", O_RDWR);
    tell("no descriptor", connect(-1, &to.any, to.length));
    tell("closed descriptor", connect(1000, &to.any, to.length));
    tell("no socket", connect(file, &to.any, to.length));
    tell("no address", connect(stream(&to), NULL, to.length));
    tell("short address", connect(stream(&to), &to.any, 8));
    tell("no length", connect(stream(&to), &to.any, 0));
    tell("huge length", connect(stream(&to), &to.any, 4096));
    tell("unspecified", connect(stream(&to), &unspecified, sizeof unspecified));
    tell("strange family", connect(stream(&to), &strange, sizeof strange));
    tell("other family", connect(stream(&to), &mapped.any, mapped.length));
    tell("peer of nothing", getpeername(file, &to.any, &to.length));
    tell("close nothing", close(-1));
    tell("copy nothing", dup(-1));
    tell("copy to nowhere", dup2(file, -1));
    tell("copy onto itself", dup3(file, file, 0));
    tell("strange command", fcntl(file, 9999));
    return 0;
}
