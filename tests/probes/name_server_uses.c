/* name_server_uses SERVER OTHER DOMAIN LONG USE: the ways in which resolvers of their own use sockets to port 53: what comes is
 * the answer to what was asked, from the server it was asked of. DOMAIN has an MX record, LONG a TXT record too long for
 * a datagram. */
#include "probe.h"
#include <arpa/nameser.h>
#include <dirent.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/epoll.h>
#include <sys/wait.h>

static struct address server, other;
static const char *domain, *long_text;

struct query {
    unsigned char frame[2 + 512];
    int length, type;
};

/* A query with its length before it; the identifier says which it is. */
static struct query ask(const char *name, int type, int id) {
    struct query made = {.type = type};
    struct __res_state state;
    memset(&state, 0, sizeof state);
    CHECK(res_ninit(&state) == 0);
    made.length =
        res_nmkquery(&state, QUERY, name, C_IN, type, NULL, 0, NULL, made.frame + 2, sizeof made.frame - 2);
    CHECK(made.length > 0);
    made.frame[0] = made.length >> 8;
    made.frame[1] = made.length & 255;
    made.frame[2] = id >> 8;
    made.frame[3] = id & 255;
    res_nclose(&state);
    return made;
}

/* Says that the sender takes longer datagrams; RFC 6891. */
static void take_longer(struct query *query, int size) {
    unsigned char option[] = {0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0};
    memcpy(query->frame + 2 + query->length, option, sizeof option);
    query->length += sizeof option;
    query->frame[13] = 1;
}

static int id_of(const unsigned char *message) {
    return message[0] << 8 | message[1];
}

static int answers(const unsigned char *message, ssize_t size, const struct query *query) {
    ns_msg parsed;
    ns_rr record;
    return ns_initparse(message, size, &parsed) == 0 && ns_msg_getflag(parsed, ns_f_qr) &&
           ns_msg_getflag(parsed, ns_f_rcode) == ns_r_noerror && id_of(message) == id_of(query->frame + 2) &&
           ns_msg_count(parsed, ns_s_an) > 0 && ns_parserr(&parsed, ns_s_an, 0, &record) == 0 &&
           (int)ns_rr_type(record) == query->type;
}

static int datagrams(void) {
    struct timeval limit = {20, 0};
    int fd = socket(server.any.sa_family, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

static void sent(int fd, const struct query *query, const struct address *to) {
    CHECK(sendto(fd, query->frame + 2, query->length, 0, &to->any, to->length) == query->length);
}

static void comes(int fd, const struct query *query, const struct address *sender) {
    unsigned char message[65536];
    struct address from = {.length = sizeof from.storage};
    ssize_t size = recvfrom(fd, message, sizeof message, 0, &from.any, &from.length);
    CHECK(size > 0 && same(&from, sender) && answers(message, size, query));
}

/* Many at once, answered in any order. */
static void outstanding(void) {
    enum { MANY = 60 };
    struct query queries[MANY];
    int fd = datagrams(), seen[MANY] = {0};
    for (int number = 0; number < MANY; number++) {
        char name[64];
        snprintf(name, sizeof name, "host-%d.uses.test", number);
        queries[number] = number % 4 ? ask(name, number % 4 == 1 ? ns_t_aaaa : ns_t_a, number) : ask(domain, ns_t_mx, number);
        sent(fd, &queries[number], number % 2 ? &server : &other);
    }
    for (int number = 0; number < MANY; number++) {
        unsigned char message[4096];
        struct address from = {.length = sizeof from.storage};
        ssize_t size = recvfrom(fd, message, sizeof message, 0, &from.any, &from.length);
        CHECK(size > 12);
        int id = id_of(message);
        CHECK(id < MANY && !seen[id]++ && answers(message, size, &queries[id]));
        CHECK(same(&from, id % 2 ? &server : &other));
    }
    close(fd);
}

/* More at once than anybody asks a name server at a time: whatever comes of them, none is lost. */
static void crowd(void) {
    enum { CROWD = 150 };
    int fd = datagrams(), seen[CROWD] = {0};
    for (int number = 0; number < CROWD; number++) {
        struct query mail = ask(domain, ns_t_mx, number);
        sent(fd, &mail, &server);
    }
    for (int number = 0; number < CROWD; number++) {
        unsigned char message[4096];
        CHECK(recv(fd, message, sizeof message, 0) > 12);
        CHECK(id_of(message) < CROWD && !seen[id_of(message)]++);
    }
    close(fd);
}

/* Connections on which nothing is asked keep nobody from asking elsewhere. */
static void idle_streams(void) {
    enum { STREAMS = 70 };
    struct query mail = ask(domain, ns_t_mx, 1);
    int fd = datagrams(), streams[STREAMS];
    for (int number = 0; number < STREAMS; number++)
        streams[number] = connected(&server);
    sent(fd, &mail, &server);
    comes(fd, &mail, &server);
    for (int number = 0; number < STREAMS; number++)
        close(streams[number]);
    close(fd);
}

static void relatives(void) {
    struct query address = ask("www.uses.test", ns_t_a, 1), mail = ask(domain, ns_t_mx, 2);
    int fd = datagrams(), copy = dup(fd), status;
    sent(fd, &address, &server);
    CHECK(copy >= 0 && close(fd) == 0);
    comes(copy, &address, &server);
    sent(copy, &mail, &server);
    comes(copy, &mail, &server);
    for (int started = 0; started < 2; started++) {
        int used = started ? copy : datagrams();
        pid_t child = fork();
        if (child == 0) {
            sent(used, &address, &server);
            comes(used, &address, &server);
            sent(used, &mail, &other);
            comes(used, &mail, &other);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        sent(used, &mail, &server);
        comes(used, &mail, &server);
    }
}

static void parts(void) {
    struct query query = ask(domain, ns_t_mx, 7);
    unsigned char head[12], rest[500], peeked[4];
    struct iovec out[] = {{query.frame + 2, 5}, {query.frame + 7, 0}, {query.frame + 7, query.length - 5}};
    struct iovec in[] = {{head, sizeof head}, {rest, sizeof rest}};
    struct msghdr to = {.msg_name = &server.storage, .msg_namelen = server.length, .msg_iov = out, .msg_iovlen = 3};
    struct address sender;
    struct msghdr from = {.msg_name = &sender.storage, .msg_namelen = sizeof sender.storage, .msg_iov = in, .msg_iovlen = 2};
    int fd = datagrams();
    CHECK(sendmsg(fd, &to, 0) == query.length);
    ssize_t size = recv(fd, peeked, sizeof peeked, MSG_PEEK | MSG_TRUNC);
    CHECK(size > query.length && id_of(peeked) == 7);
    CHECK(recvmsg(fd, &from, 0) == size && !(from.msg_flags & MSG_TRUNC));
    sender.length = from.msg_namelen;
    CHECK(same(&sender, &server) && id_of(head) == 7);
    sent(fd, &query, &server);
    from.msg_iovlen = 1;
    CHECK(recvmsg(fd, &from, 0) == sizeof head && from.msg_flags & MSG_TRUNC);
    close(fd);
}

/* An answer too long for a datagram says so, and comes whole over a stream. */
static void cut(void) {
    unsigned char message[65536];
    ns_msg parsed;
    struct query query = ask(long_text, ns_t_txt, 9);
    int fd = datagrams();
    CHECK(connect(fd, &server.any, server.length) == 0);
    for (int longer = 0; longer < 2; longer++) {
        CHECK(send(fd, query.frame + 2, query.length, 0) == query.length);
        ssize_t size = recv(fd, message, sizeof message, 0);
        CHECK(size > 0 && size <= (longer ? 1232 : 512) && ns_initparse(message, size, &parsed) == 0);
        CHECK(ns_msg_getflag(parsed, ns_f_tc) && id_of(message) == 9);
        take_longer(&query, 1232);
    }
    close(fd);
}

static void read_frame(int fd, unsigned char *message, int *size) {
    unsigned char prefix[2];
    CHECK(recv(fd, prefix, 2, MSG_WAITALL) == 2);
    *size = prefix[0] << 8 | prefix[1];
    CHECK(recv(fd, message, *size, MSG_WAITALL) == *size);
}

/* Byte by byte, then many in one segment. */
static void stream_of_bytes(void) {
    unsigned char message[65536], all[20 * 514];
    struct query first = ask(long_text, ns_t_txt, 1), queries[20];
    int fd = connected(&server), one = 1, size, length = 0, seen[20] = {0};
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    for (int byte = 0; byte < first.length + 2; byte++)
        CHECK(send(fd, first.frame + byte, 1, 0) == 1);
    read_frame(fd, message, &size);
    CHECK(size > 4096 && answers(message, size, &first));
    for (int number = 0; number < 20; number++) {
        queries[number] = ask(number % 2 ? domain : "www.uses.test", number % 2 ? ns_t_mx : ns_t_a, number);
        memcpy(all + length, queries[number].frame, queries[number].length + 2);
        length += queries[number].length + 2;
    }
    CHECK(send(fd, all, length, 0) == length);
    for (int number = 0; number < 20; number++) {
        read_frame(fd, message, &size);
        int id = id_of(message);
        CHECK(id < 20 && !seen[id]++ && answers(message, size, &queries[id]));
    }
    CHECK(shutdown(fd, SHUT_WR) == 0 && recv(fd, message, 1, 0) == 0);
    close(fd);
}

/* As event loops do it. */
static void event_loop(void) {
    unsigned char message[4096];
    struct query query = ask(domain, ns_t_mx, 3);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    int set = epoll_create1(0), fd = socket(server.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), was_sent = 0;
    ssize_t have = 0, part;
    CHECK(set >= 0 && fd >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
    CHECK(connect(fd, &server.any, server.length) == 0 || errno == EINPROGRESS);
    while (have < 2 || have < 2 + (message[0] << 8 | message[1])) {
        CHECK(epoll_wait(set, &event, 1, 20000) == 1 && !(event.events & EPOLLERR));
        if (event.events & EPOLLOUT && !was_sent++)
            CHECK(send(fd, query.frame, query.length + 2, 0) == query.length + 2);
        while ((part = recv(fd, message + have, sizeof message - have, 0)) > 0)
            have += part;
        CHECK(part == -1 && (errno == EAGAIN || errno == ENOTCONN));
    }
    CHECK(answers(message + 2, have - 2, &query));
    close(fd);
    close(set);
}

static void *rounds(void *thread) {
    for (int round = 0; round < 40; round++) {
        int id = (int)(size_t)thread * 1000 + round, fd = datagrams();
        struct query query = round % 8 ? ask("www.uses.test", ns_t_a, id) : ask(domain, ns_t_mx, id);
        CHECK(connect(fd, &server.any, server.length) == 0);
        CHECK(send(fd, query.frame + 2, query.length, 0) == query.length);
        comes(fd, &query, &server);
        close(fd);
    }
    return NULL;
}

static void threads(void) {
    pthread_t all[8];
    for (size_t thread = 0; thread < 8; thread++)
        CHECK(pthread_create(&all[thread], NULL, rounds, (void *)thread) == 0);
    for (int thread = 0; thread < 8; thread++)
        CHECK(pthread_join(all[thread], NULL) == 0);
}

static int open_files(void) {
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    CHECK(all);
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* Sockets that come and go, answered or not, leave nothing behind. */
static void nothing_stays(void) {
    struct query query = ask("www.uses.test", ns_t_a, 5);
    int before = 0;
    for (int round = 0; round < 600; round++) {
        int fd = datagrams();
        CHECK(fd < 200);
        sent(fd, &query, &server);
        if (round % 3)
            comes(fd, &query, &server);
        close(fd);
        if (round == 100)
            before = open_files();
    }
    CHECK(open_files() <= before + 20);
}

/* A program that knows nothing of the socket it inherits. */
static void inherited(void) {
    struct query query = ask("www.uses.test", ns_t_a, 6);
    unsigned char message[512];
    int fd = datagrams(), status;
    FILE *file = fopen("query", "w");
    CHECK(file && fwrite(query.frame + 2, query.length, 1, file) == 1 && fclose(file) == 0);
    CHECK(connect(fd, &server.any, server.length) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(dup2(fd, 1) == 1);
        execlp("cat", "cat", "query", NULL);
        _exit(9);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ssize_t size = recv(fd, message, sizeof message, 0);
    CHECK(size > 0 && answers(message, size, &query));
}

static const struct {
    const char *name;
    void (*use)(void);
} USES[] = {
    {"outstanding", outstanding},   {"relatives", relatives}, {"parts", parts},     {"cut", cut},
    {"stream", stream_of_bytes},    {"event_loop", event_loop}, {"threads", threads}, {"nothing_stays", nothing_stays},
    {"inherited", inherited},       {"crowd", crowd},         {"idle_streams", idle_streams},
};

int main(int count, char **words) {
    CHECK(count == 6);
    server = literal(words[1], 53);
    other = literal(words[2], 53);
    domain = words[3];
    long_text = words[4];
    for (size_t use = 0; use < sizeof USES / sizeof *USES; use++)
        if (!strcmp(USES[use].name, words[5])) {
            USES[use].use();
            return 0;
        }
    CHECK(!"a use");
}
