/* local: loopback, unix and netlink sockets work as ever. */
#include "probe.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/un.h>

static void loopback_stream(const char *host) {
    struct address at = literal(host, 0), seen;
    int listener = stream(&at);
    CHECK(bind(listener, &at.any, at.length) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, &at.any, &at.length) == 0);
    int ours = connected(&at), theirs = accept(listener, NULL, NULL);
    char byte = 0;
    CHECK(theirs >= 0 && write(ours, "x", 1) == 1 && read(theirs, &byte, 1) == 1 && byte == 'x');
    seen = peer(ours);
    CHECK(same(&seen, &at));
}

static void loopback_datagram(const char *host) {
    struct address at = literal(host, 0);
    int to = socket(at.any.sa_family, SOCK_DGRAM, 0), from = socket(at.any.sa_family, SOCK_DGRAM, 0);
    char byte;
    CHECK(bind(to, &at.any, at.length) == 0 && getsockname(to, &at.any, &at.length) == 0);
    CHECK(sendto(from, "x", 1, 0, &at.any, at.length) == 1);
    CHECK(recv(to, &byte, 1, 0) == 1);
    CHECK(connect(from, &at.any, at.length) == 0 && send(from, "y", 1, 0) == 1);
    CHECK(recv(to, &byte, 1, 0) == 1 && byte == 'y');
}

static void unix_stream(void) {
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), ours = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0);
    CHECK(connect(ours, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(accept(listener, NULL, NULL) >= 0 && unlink("socket") == 0);
}

static void netlink(void) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct {
        struct nlmsghdr header;
        struct rtgenmsg message;
    } request = {{.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 {.rtgen_family = AF_UNSPEC}};
    char answer[8192];
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    CHECK(fd >= 0);
    CHECK(sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) == sizeof request);
    CHECK(recv(fd, answer, sizeof answer, 0) > (ssize_t)sizeof(struct nlmsghdr));
}

int main(void) {
    loopback_stream("127.0.0.1");
    loopback_stream("::1");
    loopback_stream("::ffff:127.0.0.1");
    loopback_datagram("127.0.0.1");
    loopback_datagram("::1");
    unix_stream();
    netlink();
    struct address found = resolved("localhost", 80);
    CHECK(found.any.sa_family == AF_INET ? found.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK)
                                         : IN6_IS_ADDR_LOOPBACK(&found.v6.sin6_addr));
    return 0;
}
