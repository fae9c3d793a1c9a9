/* survivor COUNT: looks names up, however odd the table of names may be: each is refused, or has an address that is the
 * same the next time and leads back to some name or to none. Prints how many were refused. */
#include "probe.h"

static int look_up(const char *name, int family, struct address *found) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list;
    int code = getaddrinfo(name, "80", &hints, &list);
    if (code)
        return code;
    memset(found, 0, sizeof *found);
    memcpy(&found->storage, list->ai_addr, list->ai_addrlen);
    found->length = list->ai_addrlen;
    freeaddrinfo(list);
    return 0;
}

int main(int count, char **words) {
    static const int families[] = {AF_INET, AF_INET6};
    int refused = 0;
    CHECK(count == 2);
    for (int number = 0; number < atoi(words[1]); number++) {
        char name[300], back[NI_MAXHOST];
        int length = snprintf(name, sizeof name, "host-%d.", number);
        while (length < number * 5 % 240)
            length += snprintf(name + length, sizeof name - length, "long.");
        strcpy(name + length, "test");
        for (int family = 0; family < 2; family++) {
            struct address first, second;
            int code = look_up(name, families[family], &first);
            CHECK(code == 0 || code == EAI_AGAIN);
            refused += code == EAI_AGAIN;
            if (code)
                continue;
            CHECK(look_up(name, families[family], &second) == 0 && same(&first, &second));
            code = getnameinfo(&first.any, first.length, back, sizeof back, NULL, 0, NI_NAMEREQD);
            CHECK(code == 0 || code == EAI_NONAME || code == EAI_AGAIN);
        }
    }
    for (unsigned host = 0; host < 64; host++) {
        char back[NI_MAXHOST];
        struct address at = literal("198.18.0.0", 80);
        at.v4.sin_addr.s_addr = htonl(ntohl(at.v4.sin_addr.s_addr) + host * host * 37);
        getnameinfo(&at.any, at.length, back, sizeof back, NULL, 0, 0);
        int fd = stream(&at);
        (void)!connect(fd, &at.any, at.length);
        close(fd);
    }
    printf("%d refused\n", refused);
    return 0;
}
