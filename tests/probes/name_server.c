/* name_server ADDRESS: port 53 of this address answers, over datagrams and streams, with addresses that stand for names;
 * what is sent and received looks as if the name server had answered itself. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

static struct address server;
static unsigned char query[512], answer[4096];
static int length;

/* An answer to the query: its identifier, the question, one address in the range of those that stand for names. */
static void answers(const unsigned char *bytes, ssize_t size) {
    ns_msg message;
    ns_rr record;
    CHECK(size > length && !memcmp(bytes, query, 2));
    CHECK(ns_initparse(bytes, size, &message) == 0);
    CHECK(ns_msg_getflag(message, ns_f_rcode) == ns_r_noerror && ns_msg_count(message, ns_s_an) == 1);
    CHECK(ns_parserr(&message, ns_s_an, 0, &record) == 0 && ns_rr_type(record) == ns_t_a);
    CHECK(ns_rr_rdata(record)[0] == 198 && (ns_rr_rdata(record)[1] & ~1) == 18);
}

static int datagram(void) {
    int fd = socket(server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {20, 0};
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

static void comes(int fd) {
    struct address from = {.length = sizeof from.storage};
    ssize_t size = recvfrom(fd, answer, sizeof answer, 0, &from.any, &from.length);
    CHECK(same(&from, &server));
    answers(answer, size);
}

static void over_datagrams(void) {
    struct iovec part = {query, length};
    struct mmsghdr messages[2] = {
        {.msg_hdr = {.msg_name = &server.storage, .msg_namelen = server.length, .msg_iov = &part, .msg_iovlen = 1}},
        {.msg_hdr = {.msg_name = &server.storage, .msg_namelen = server.length, .msg_iov = &part, .msg_iovlen = 1}},
    };
    int fd = datagram();
    CHECK(sendto(fd, query, length, 0, &server.any, server.length) == length);
    comes(fd);
    CHECK(sendmmsg(fd, messages, 2, 0) == 2 && messages[1].msg_len == (unsigned)length);
    comes(fd);
    comes(fd);
    CHECK(close(fd) == 0);
    fd = datagram();
    CHECK(connect(fd, &server.any, server.length) == 0);
    struct address found = peer(fd);
    CHECK(same(&found, &server));
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(write(fd, query, length) == length);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    CHECK(poll(&entry, 1, 20000) == 1);
    answers(answer, read(fd, answer, sizeof answer));
    /* What is no query gets no answer. */
    CHECK(send(fd, "?", 1, 0) == 1);
    CHECK(recv(fd, answer, sizeof answer, 0) == -1 && errno == EAGAIN);
    CHECK(close(fd) == 0);
}

static void all(int fd, unsigned char *to, ssize_t size) {
    for (ssize_t have = 0, part; have < size; have += part)
        CHECK((part = recv(fd, to + have, size - have, 0)) > 0);
}

static void over_a_stream(void) {
    unsigned char framed[514] = {length >> 8, length & 255}, size[2];
    memcpy(framed + 2, query, length);
    int fd = connected(&server);
    struct address found = peer(fd);
    CHECK(same(&found, &server));
    CHECK(send(fd, framed, length + 2, 0) == length + 2);
    CHECK(send(fd, framed, length + 2, 0) == length + 2);
    for (int count = 0; count < 2; count++) {
        all(fd, size, 2);
        all(fd, answer, size[0] << 8 | size[1]);
        answers(answer, size[0] << 8 | size[1]);
    }
    CHECK(shutdown(fd, SHUT_WR) == 0 && recv(fd, answer, 1, 0) == 0);
    CHECK(close(fd) == 0);
}

int main(int count, char **words) {
    CHECK(count == 2);
    server = literal(words[1], 53);
    length = res_mkquery(QUERY, "www.target.test", C_IN, T_A, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    over_datagrams();
    over_a_stream();
    return 0;
}
