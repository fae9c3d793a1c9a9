/* own_name ADDRESS: the name of an address with a direct route is asked for at the name server that this program is on loopback;
 * this host's own name, which NI_NOFQDN is about, is not. */
#include "probe.h"
#include <pthread.h>

static int server;
static _Atomic int asked, asked_for_others;

/* Every address has the name host.link.test, and nothing else exists. */
static void *serve(void *unused) {
    static const unsigned char name[] = "\4host\4link\4test";
    static const unsigned char record[] = {0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 1, 0, sizeof name};
    unsigned char message[600];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t size;
    (void)unused;
    while ((size = recvfrom(server, message, 512, 0, (struct sockaddr *)&from, &length)) > 12) {
        int is_reverse = memmem(message, size, "\7in-addr\4arpa", 13) != NULL;
        asked++;
        asked_for_others += !is_reverse;
        message[2] |= 0x80;
        message[3] = is_reverse ? 0x80 : 0x83;
        message[7] = is_reverse;
        message[11] = 0;
        if (is_reverse) {
            memcpy(message + size, record, sizeof record);
            memcpy(message + size + sizeof record, name, sizeof name);
            size += sizeof record + sizeof name;
        }
        CHECK(sendto(server, message, size, 0, (struct sockaddr *)&from, length) == size);
        length = sizeof from;
    }
    return NULL;
}

int main(int count, char **words) {
    struct address at = literal("127.0.0.1", 53), named;
    char name[NI_MAXHOST];
    pthread_t thread;
    CHECK(count == 2);
    named = literal(words[1], 80);
    server = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(server, &at.any, at.length) == 0 && pthread_create(&thread, NULL, serve, NULL) == 0);
    CHECK(getnameinfo(&named.any, named.length, name, sizeof name, NULL, 0, NI_NOFQDN) == 0);
    CHECK(strcmp(name, "host.link.test") == 0);
    CHECK(asked > 0 && asked_for_others == 0);
    CHECK(getnameinfo(&named.any, named.length, name, 5, NULL, 0, NI_NOFQDN) == EAI_OVERFLOW);
    CHECK(getnameinfo(&named.any, named.length, name, sizeof name, NULL, 0, 0) == 0);
    CHECK(strcmp(name, "host.link.test") == 0 && asked_for_others == 0);
    return 0;
}
