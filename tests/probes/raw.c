/* raw HOST: raw sockets may not send past the proxy, packet sockets may not be made, nor groups joined, by name or number. */
#include "probe.h"
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/syscall.h>

int main(int count, char **words) {
    CHECK(count == 2);
    struct address to = literal(words[1], 0);
    int protocol = to.any.sa_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    unsigned char echo_request[8] = {to.any.sa_family == AF_INET ? 8 : 128};
    for (int kind = 0; kind < 2; kind++) {
        int fd = socket(to.any.sa_family, kind ? SOCK_DGRAM : SOCK_RAW, protocol);
        if (fd < 0)
            continue;
        CHECK(sendto(fd, echo_request, sizeof echo_request, 0, &to.any, to.length) == -1 && errno == ENETUNREACH);
        CHECK(connect(fd, &to.any, to.length) == -1 && errno == ENETUNREACH);
    }
    CHECK(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) == -1 && (errno == EACCES || errno == EPERM));
    CHECK(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)) == -1 && (errno == EACCES || errno == EPERM));
    CHECK(syscall(SYS_socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) == -1 && (errno == EACCES || errno == EPERM));
    if (to.any.sa_family == AF_INET) {
        struct ip_mreq group = {.imr_multiaddr.s_addr = htonl(0xe00000fb)};
        int fd = syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
        CHECK(fd >= 0);
        CHECK(syscall(SYS_setsockopt, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == -1);
        CHECK(errno == ENETUNREACH);
    }
    return 0;
}
