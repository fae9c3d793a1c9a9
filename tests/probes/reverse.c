/* reverse HOST V4: the address a name got leads back to the name; that of an unnamed host to nothing. */
#include "probe.h"

static void check_hostent(const struct hostent *found, const char *host) {
    CHECK(found && strcmp(found->h_name, host) == 0);
}

int main(int count, char **words) {
    char name[NI_MAXHOST], service[NI_MAXSERV], numeric[NI_MAXHOST], buffer[1024];
    struct hostent result, *found;
    int error;
    CHECK(count == 3);
    struct address named = resolved(words[1], 80), unnamed = literal(words[2], 80);
    CHECK(named.any.sa_family == AF_INET);

    CHECK(getnameinfo(&named.any, named.length, name, sizeof name, service, sizeof service, 0) == 0);
    CHECK(strcmp(name, words[1]) == 0 && strcmp(service, "http") == 0);
    CHECK(getnameinfo(&named.any, named.length, name, 4, NULL, 0, 0) == EAI_OVERFLOW);
    CHECK(getnameinfo(&named.any, named.length, numeric, sizeof numeric, NULL, 0, NI_NUMERICHOST) == 0);
    CHECK(inet_addr(numeric) == named.v4.sin_addr.s_addr);
    check_hostent(gethostbyaddr(&named.v4.sin_addr, 4, AF_INET), words[1]);
    CHECK(gethostbyaddr_r(&named.v4.sin_addr, 4, AF_INET, &result, buffer, sizeof buffer, &found, &error) == 0);
    check_hostent(found, words[1]);
    CHECK(gethostbyaddr_r(&named.v4.sin_addr, 4, AF_INET, &result, buffer, 4, &found, &error) == ERANGE);

    CHECK(getnameinfo(&unnamed.any, unnamed.length, name, sizeof name, NULL, 0, NI_NAMEREQD) == EAI_NONAME);
    CHECK(getnameinfo(&unnamed.any, unnamed.length, name, sizeof name, NULL, 0, 0) == 0);
    CHECK(strcmp(name, words[2]) == 0);
    CHECK(gethostbyaddr(&unnamed.v4.sin_addr, 4, AF_INET) == NULL);
    return 0;
}
