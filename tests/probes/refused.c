/* refused V4 V6 PORT NAME: without a configuration that can be used nothing leaves, and the application lives on. */
#include "probe.h"

static void refuse(const char *host, int port, int flags) {
    struct address to = literal(host, port);
    int fd = stream(&to);
    CHECK(fcntl(fd, F_SETFL, flags) == 0);
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EACCES);
    int datagram = socket(to.any.sa_family, SOCK_DGRAM, 0);
    CHECK(sendto(datagram, "x", 1, 0, &to.any, to.length) == -1 && errno == EACCES);
}

int main(int count, char **words) {
    CHECK(count == 5);
    for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        refuse(words[1], atoi(words[3]), flags);
        refuse(words[2], atoi(words[3]), flags);
    }
    struct addrinfo *list;
    CHECK(getaddrinfo(words[4], NULL, NULL, &list) != 0);
    CHECK(gethostbyname(words[4]) == NULL);
    puts("alive");
    return 0;
}
