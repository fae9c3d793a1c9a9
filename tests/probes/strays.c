/* strays V4 V6 NAME RESOLVER PROXY [SHORTAGE]: sends in every way there is, from a process, a thread, a signal handler, and
 * children of both kinds, while something runs short: "descriptors:N" leaves N of them, "memory" none, "call:NAME" lets a
 * system call fail as in a sandbox. What comes of each call does not matter; the leak detector looks on. */
#include "probe.h"
#include <arpa/nameser.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static const char *v4, *v6, *name, *resolver, *proxy;

/* A query for the address of a.test, as of RFC 1035. */
static char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1";
enum { LENGTH = sizeof query - 1 };

/* Every call that names where to. */
static void send_to(int fd, const struct address *to) {
    struct iovec part = {query, LENGTH};
    struct mmsghdr one = {.msg_hdr = {.msg_name = (void *)&to->any, .msg_namelen = to->length, .msg_iov = &part, .msg_iovlen = 1}};
    const int flags[] = {0, MSG_FASTOPEN, MSG_CONFIRM, MSG_DONTROUTE, MSG_ZEROCOPY, MSG_OOB, MSG_MORE, MSG_EOR};
    for (size_t each = 0; each < sizeof flags / sizeof *flags; each++) {
        sendto(fd, query, LENGTH, flags[each] | MSG_NOSIGNAL, &to->any, to->length);
        sendmsg(fd, &one.msg_hdr, flags[each] | MSG_NOSIGNAL);
    }
    sendmmsg(fd, &one, 1, MSG_NOSIGNAL);
    syscall(SYS_sendto, fd, query, LENGTH, MSG_NOSIGNAL, &to->any, to->length);
    syscall(SYS_sendmsg, fd, &one.msg_hdr, MSG_NOSIGNAL);
    syscall(SYS_sendmmsg, fd, &one, 1, MSG_NOSIGNAL);
    struct address untold = *to;
    untold.any.sa_family = AF_UNSPEC;
    sendto(fd, query, LENGTH, MSG_NOSIGNAL, &untold.any, untold.length);
    sendto(fd, query, LENGTH, MSG_NOSIGNAL, &to->any, sizeof to->storage);
    int on = 1, off = 0;
    setsockopt(fd, IPPROTO_UDP, UDP_CORK, &on, sizeof on);
    sendto(fd, query, LENGTH, MSG_NOSIGNAL, &to->any, to->length);
    setsockopt(fd, IPPROTO_UDP, UDP_CORK, &off, sizeof off);
}

/* Every call that relies on a connection. */
static void send_on(int fd) {
    struct iovec part = {query, LENGTH};
    struct mmsghdr one = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    send(fd, query, LENGTH, MSG_NOSIGNAL);
    sendto(fd, query, LENGTH, MSG_NOSIGNAL, NULL, 0);
    sendmsg(fd, &one.msg_hdr, MSG_NOSIGNAL);
    sendmmsg(fd, &one, 1, MSG_NOSIGNAL);
    (void)!write(fd, query, LENGTH);
    (void)!writev(fd, &part, 1);
    (void)!pwritev2(fd, &part, 1, -1, 0);
    syscall(SYS_write, fd, query, LENGTH);
    syscall(SYS_sendto, fd, query, LENGTH, MSG_NOSIGNAL, NULL, 0);
    dprintf(fd, "%s", "a line\n");
    int ends[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    sendfile(fd, file, NULL, LENGTH);
    close(file);
    if (pipe(ends) == 0) {
        (void)!write(ends[1], query, LENGTH);
        splice(ends[0], NULL, fd, NULL, LENGTH, SPLICE_F_NONBLOCK);
        close(ends[0]), close(ends[1]);
    }
}

/* What follows an attempt: it is awaited, made anew, dissolved, copied. */
static void stir(int fd, const struct address *to) {
    int error, length = sizeof error, copy = dup(fd), set = epoll_create1(EPOLL_CLOEXEC);
    struct pollfd entry = {fd, POLLOUT, 0};
    struct epoll_event event = {.events = EPOLLOUT};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    poll(&entry, 1, 0);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, (socklen_t *)&length);
    connect(fd, &to->any, to->length);
    send_on(copy);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    connect(copy, &nobody, sizeof nobody);
    send_on(fd);
    send_to(fd, to);
    close(set), close(copy);
}

static int opened(int family, int kind, int protocol, int flags) {
    const struct timeval limit = {.tv_sec = 2};
    int on = 1, fd = socket(family, kind | flags | SOCK_CLOEXEC, protocol);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on);
    return fd;
}

static void by_kind(const struct address *to, int kind, int protocol, int flags) {
    int on = 1, family = to->any.sa_family, fd = opened(family, kind, protocol, flags);
    send_to(fd, to);
    stir(fd, to);
    close(fd);
    fd = opened(family, kind, protocol, flags);
    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
    connect(fd, &to->any, to->length);
    send_on(fd);
    stir(fd, to);
    close(fd);
    fd = syscall(SYS_socket, family, kind | flags, protocol);
    syscall(SYS_connect, fd, &to->any, to->length);
    send_on(fd);
    syscall(SYS_close, fd);
    if (family != AF_INET || kind != SOCK_DGRAM)
        return;
    /* An IPv6 socket takes IPv4 addresses, too. */
    fd = opened(AF_INET6, kind, protocol, flags);
    send_to(fd, to);
    close(fd);
}

/* Protocols beside TCP and UDP. */
static void by_other_protocols(void) {
    const int kinds[][2] = {{SOCK_RAW, IPPROTO_ICMP},    {SOCK_RAW, IPPROTO_RAW},       {SOCK_DGRAM, IPPROTO_ICMP},
                            {SOCK_RAW, IPPROTO_ICMPV6},  {SOCK_DGRAM, IPPROTO_ICMPV6},  {SOCK_DGRAM, IPPROTO_UDPLITE},
                            {SOCK_STREAM, IPPROTO_SCTP}, {SOCK_SEQPACKET, IPPROTO_SCTP}, {SOCK_STREAM, IPPROTO_MPTCP},
                            {SOCK_RAW, IPPROTO_UDP}};
    const struct address targets[] = {literal(v4, 7), literal(v6, 7)};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        for (size_t target = 0; target < 2; target++)
            by_kind(&targets[target], kinds[kind][0], kinds[kind][1], SOCK_NONBLOCK);
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6};
    link.sll_ifindex = if_nametoindex("proxy");
    memset(link.sll_addr, 0xff, 6);
    for (int kind = SOCK_STREAM; kind <= SOCK_PACKET; kind++) {
        int fd = socket(AF_PACKET, kind, htons(ETH_P_IP));
        sendto(fd, query, LENGTH, 0, (struct sockaddr *)&link, sizeof link);
        close(fd);
    }
}

/* Membership of a group is told to the neighbours. */
static void by_groups(void) {
    struct ip_mreqn group = {.imr_multiaddr.s_addr = htonl(0xe00000fb), .imr_ifindex = if_nametoindex("proxy")};
    struct ip_mreq_source source = {group.imr_multiaddr, {0}, {htonl(0xcb007102)}};
    struct group_req each = {.gr_interface = group.imr_ifindex};
    ((struct sockaddr_in *)&each.gr_group)->sin_family = AF_INET;
    ((struct sockaddr_in *)&each.gr_group)->sin_addr = group.imr_multiaddr;
    for (int protocol = 0; protocol <= IPPROTO_UDP; protocol += IPPROTO_UDP) {
        int fd = socket(AF_INET, SOCK_DGRAM, protocol);
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
        setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &source, sizeof source);
        setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &each, sizeof each);
        syscall(SYS_setsockopt, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
        close(fd);
    }
}

static void by_listening(const char *host) {
    struct address any = literal(host, 0);
    int fd = socket(any.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(fd, &any.any, any.length);
    listen(fd, 1);
    getsockname(fd, &any.any, &any.length);
    accept(fd, NULL, NULL);
    connect(fd, &any.any, any.length);
    close(fd);
}

/* The daemons that would ask for us. */
static void by_daemons(void) {
    const char *paths[] = {"/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve", "/run/avahi-daemon/socket"};
    for (size_t each = 0; each < sizeof paths / sizeof *paths; each++) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        strcpy(to.sun_path, paths[each]);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fd, (struct sockaddr *)&to, sizeof to);
        send(fd, query, LENGTH, MSG_NOSIGNAL);
        close(fd);
    }
}

static void by_socket(void) {
    char mapped[64], resolving[64];
    snprintf(mapped, sizeof mapped, "::ffff:%s", v4);
    snprintf(resolving, sizeof resolving, "::ffff:%s", resolver);
    const struct {
        const char *host;
        int port;
    } targets[] = {{v4, 7},          {v6, 7},           {mapped, 7},          {proxy, 7},         {"10.99.1.255", 7}, {"239.1.2.3", 7},
                   {v4, 53},         {v6, 53},          {mapped, 53},         {proxy, 53},        {resolver, 53},     {resolving, 53},
                   {"127.0.0.53", 53}, {"::1", 53},     {"224.0.0.251", 5353}, {"ff02::fb", 5353}, {v4, 5353},         {"224.0.0.252", 5355},
                   {"ff02::1:3", 5355}, {v6, 5355},     {"255.255.255.255", 7}};
    for (size_t each = 0; each < sizeof targets / sizeof *targets; each++) {
        struct address to = literal(targets[each].host, targets[each].port);
        if (to.any.sa_family == AF_INET6 && IN6_IS_ADDR_MC_LINKLOCAL(&to.v6.sin6_addr))
            to.v6.sin6_scope_id = if_nametoindex("proxy");
        by_kind(&to, SOCK_DGRAM, 0, SOCK_NONBLOCK);
        by_kind(&to, SOCK_STREAM, 0, SOCK_NONBLOCK);
    }
    by_other_protocols();
    by_groups();
    by_listening("0.0.0.0"), by_listening("::"), by_listening("127.0.0.1");
    by_daemons();
    /* What blocks comes last: without us each of these takes as long as it may. */
    struct address first = literal(v4, 7), second = literal(v6, 53);
    by_kind(&first, SOCK_DGRAM, 0, 0), by_kind(&first, SOCK_STREAM, 0, 0);
    by_kind(&second, SOCK_DGRAM, 0, 0), by_kind(&second, SOCK_STREAM, 0, 0);
}

static void by_name(void) {
    struct address of = literal(v4, 7), of6 = literal(v6, 7);
    struct addrinfo *list, hints = {.ai_flags = AI_ADDRCONFIG | AI_CANONNAME};
    struct gaicb one = {.ar_name = name, .ar_service = "7"}, *all[] = {&one};
    struct hostent entry, *found;
    unsigned char answer[512];
    char host[256], buffer[2048];
    int error;
    const char *names[] = {name, "printer.local", "one-label", v4};
    for (size_t each = 0; each < sizeof names / sizeof *names; each++) {
        if (getaddrinfo(names[each], "7", NULL, &list) == 0)
            freeaddrinfo(list);
        if (getaddrinfo(names[each], NULL, &hints, &list) == 0)
            freeaddrinfo(list);
        gethostbyname(names[each]);
        gethostbyname2(names[each], AF_INET6);
    }
    gethostbyname_r(name, &entry, buffer, sizeof buffer, &found, &error);
    getaddrinfo_a(GAI_WAIT, all, 1, NULL);
    gethostbyaddr(&of.v4.sin_addr, sizeof of.v4.sin_addr, AF_INET);
    gethostbyaddr(&of6.v6.sin6_addr, sizeof of6.v6.sin6_addr, AF_INET6);
    getnameinfo(&of.any, of.length, host, sizeof host, NULL, 0, NI_NAMEREQD);
    getnetbyname(name);
    getnetbyaddr(0xcb0071, AF_INET);
    gethostid();
    res_query(name, ns_c_in, ns_t_mx, answer, sizeof answer);
    res_search(name, ns_c_in, ns_t_a, answer, sizeof answer);
    res_querydomain(name, "test", ns_c_in, ns_t_a, answer, sizeof answer);
    res_send((unsigned char *)query, LENGTH, answer, sizeof answer);
    struct __res_state state = {0};
    if (res_ninit(&state) == 0) {
        res_nquery(&state, name, ns_c_in, ns_t_txt, answer, sizeof answer);
        res_nsearch(&state, name, ns_c_in, ns_t_a, answer, sizeof answer);
        res_nsend(&state, (unsigned char *)query, LENGTH, answer, sizeof answer);
        res_nclose(&state);
    }
}

#define CALL(call) {#call, SYS_##call}
static const struct {
    const char *name;
    int number;
} calls[] = {
    CALL(bind), CALL(clone3), CALL(epoll_ctl), CALL(eventfd2), CALL(fcntl), CALL(getpeername), CALL(getsockname),
    CALL(getsockopt), CALL(openat), CALL(recvfrom), CALL(sendmsg), CALL(sendto), CALL(setsockopt),
};

/* The system call fails with EPERM from now on; seccomp(2). */
static void forbid(const char *call) {
    size_t each = 0;
    while (strcmp(calls[each].name, call) != 0)
        CHECK(++each < sizeof calls / sizeof *calls);
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[each].number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void run_short_of(const char *what) {
    if (strncmp(what, "descriptors:", 12) == 0) {
        int lowest = dup(0);
        const struct rlimit limit = {lowest + atoi(what + 12), lowest + atoi(what + 12)};
        close(lowest);
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    } else if (strcmp(what, "memory") == 0) {
        const struct rlimit limit = {0, 0};
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    } else {
        CHECK(strncmp(what, "call:", 5) == 0);
        forbid(what + 5);
    }
}

static void as_it_is(void) {
    by_socket();
    by_name();
}

static void *from_thread(void *unused) {
    as_it_is();
    return unused;
}

static void in_a_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, from_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

static void on_signal(int unused) {
    (void)unused;
    by_socket();
}

static void in_a_handler(void) {
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
}

static void in_a_vforked_child(void) {
    pid_t child = vfork();
    if (child == 0) {
        by_socket();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* Whose parent has used everything. */
static void in_a_forked_child(void) {
    int status = 0;
    by_socket();
    pid_t child = fork();
    if (child == 0) {
        as_it_is();
        _exit(0);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        raise(WTERMSIG(status));
    _exit(WEXITSTATUS(status));
}

int main(int count, char **words) {
    CHECK(count == 6 || count == 7);
    v4 = words[1], v6 = words[2], name = words[3], resolver = words[4], proxy = words[5];
    void (*const ways[])(void) = {as_it_is, in_a_thread, in_a_handler, in_a_vforked_child, in_a_forked_child};
    for (size_t each = 0; each < sizeof ways / sizeof *ways; each++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            signal(SIGPIPE, SIG_IGN);
            if (count == 7)
                run_short_of(words[6]);
            ways[each]();
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        /* Who has no memory is aborted. */
        int is_aborted = count == 7 && strcmp(words[6], "memory") == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
        if (status != 0 && !is_aborted)
            printf("way %zu ended with %#x\n", each, status);
    }
    puts("alive");
    return 0;
}
