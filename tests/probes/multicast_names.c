/* multicast_names: names asked for on the link, by mDNS and LLMNR, are refused by every call, over UDP and TCP. */
#include "probe.h"

static void refused(const char *group, int port) {
    struct address to = literal(group, port);
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr messages = {.msg_hdr = message};
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    CHECK(fd >= 0);
    CHECK(sendto(fd, &byte, 1, 0, &to.any, to.length) == -1);
    CHECK(sendmsg(fd, &message, 0) == -1);
    CHECK(sendmmsg(fd, &messages, 1, 0) == -1);
    /* Connecting sends nothing, but what is sent afterwards may not leave either. */
    CHECK(connect(fd, &to.any, to.length) == -1 || send(fd, &byte, 1, 0) == -1);
    int tcp = socket(to.any.sa_family, SOCK_STREAM, 0);
    CHECK(tcp >= 0 && connect(tcp, &to.any, to.length) == -1);
    close(fd);
    close(tcp);
}

int main(void) {
    refused("224.0.0.251", 5353);
    refused("ff02::fb", 5353);
    refused("::ffff:224.0.0.251", 5353);
    refused("224.0.0.252", 5355);
    refused("ff02::1:3", 5355);
    return 0;
}
