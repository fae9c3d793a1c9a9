/* panicked V4 V6 PORT NAME: a panic inside us is a refusal, and the next call is served as well as the first. */
#include "probe.h"

static void refuse(const char *host, int port) {
    struct address to = literal(host, port);
    int fd = stream(&to);
    if (connect(fd, &to.any, to.length) == -1)
        printf("connect %s\n", strerrorname_np(errno));
    int datagram = socket(to.any.sa_family, SOCK_DGRAM, 0);
    if (sendto(datagram, "x", 1, 0, &to.any, to.length) == -1)
        printf("sendto %s\n", strerrorname_np(errno));
}

int main(int count, char **words) {
    CHECK(count == 5);
    refuse(words[1], atoi(words[3]));
    refuse(words[2], atoi(words[3]));
    struct addrinfo *list;
    int failure = getaddrinfo(words[4], NULL, NULL, &list);
    if (failure)
        printf("getaddrinfo %d\n", failure);
    return 0;
}
