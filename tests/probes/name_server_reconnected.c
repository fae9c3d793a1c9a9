/* name_server_reconnected SERVER DIRECT: a socket that was connected to a name server is connected to others and back; what
 * is sent with flags that only streams know is sent as without them. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

static unsigned char query[512];
static int length;

static int datagram(int family) {
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {20, 0};
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

/* An answer to the query: a stand-in. */
static void comes(int fd) {
    unsigned char answer[4096];
    ns_msg message;
    ns_rr record;
    ssize_t size = recv(fd, answer, sizeof answer, 0);
    CHECK(size > length && !memcmp(answer, query, 2));
    CHECK(ns_initparse(answer, size, &message) == 0 && ns_msg_count(message, ns_s_an) == 1);
    CHECK(ns_parserr(&message, ns_s_an, 0, &record) == 0 && ns_rr_type(record) == ns_t_a);
    CHECK(ns_rr_rdata(record)[0] == 198 && (ns_rr_rdata(record)[1] & ~1) == 18);
}

static void asks(int fd, const struct address *server) {
    CHECK(connect(fd, &server->any, server->length) == 0);
    CHECK(send(fd, query, length, 0) == length);
    comes(fd);
}

static void back_and_forth(const struct address *server, const struct address *direct) {
    struct address proxied = *server, found;
    proxied.v4.sin_port = htons(443); /* At the same place in both families. */
    int fd = datagram(server->any.sa_family);
    for (int count = 0; count < 2; count++) {
        asks(fd, server);
        CHECK(connect(fd, &proxied.any, proxied.length) == 0);
        found = peer(fd);
        CHECK(same(&found, &proxied));
        asks(fd, server);
        CHECK(connect(fd, &direct->any, direct->length) == 0);
        found = peer(fd);
        CHECK(same(&found, direct));
    }
    CHECK(close(fd) == 0);
}

static void with_flags(const struct address *server) {
    struct address unspecific = *server;
    int fd = datagram(server->any.sa_family);
    CHECK(sendto(fd, query, length, MSG_FASTOPEN, &server->any, server->length) == length);
    comes(fd);
    if (server->any.sa_family == AF_INET) {
        unspecific.any.sa_family = AF_UNSPEC;
        CHECK(sendto(fd, query, length, MSG_FASTOPEN, &unspecific.any, server->length) == length);
        comes(fd);
        struct iovec part = {query, length};
        struct msghdr message = {
            .msg_name = &unspecific.any, .msg_namelen = server->length, .msg_iov = &part, .msg_iovlen = 1};
        CHECK(sendmsg(fd, &message, MSG_FASTOPEN) == length);
        comes(fd);
    }
    CHECK(close(fd) == 0);
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address server = literal(words[1], 53), direct = literal(words[2], 9);
    length = res_mkquery(QUERY, "www.target.test", C_IN, T_A, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    back_and_forth(&server, &direct);
    with_flags(&server);
    return 0;
}
