/* load HOST PORT COUNT: datagrams back and forth, with so few on their way that no buffer overflows; in order, each as it was
 * sent, and at the end with the descriptors and the memory of the beginning. The clock only says when one counts as lost. */
#include "probe.h"
#include <dirent.h>
#include <stdint.h>

enum { WINDOW = 16, LONGEST = 1200 };

struct content {
    uint32_t number;
    uint32_t length;
    uint8_t bytes[LONGEST];
};

static int descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    CHECK(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Resident pages. */
static long memory(void) {
    long whole, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &whole, &resident) == 2);
    fclose(file);
    return resident;
}

static void fill(struct content *content, uint32_t number) {
    uint32_t state = number * 2654435761u + 1;
    content->number = number;
    content->length = 8 + state % (LONGEST + 1);
    for (uint32_t index = 0; index + 8 < content->length; index++)
        content->bytes[index] = state = state * 1664525u + 1013904223u;
}

/* Sends and receives `count` datagrams; those that the network has lost are told apart from what is wrong. */
static void back_and_forth(int fd, uint32_t count) {
    static struct content sent, expected, got;
    uint32_t next = 0, awaited = 0, lost = 0;
    while (awaited < count) {
        for (; next < count && next - awaited < WINDOW; next++) {
            fill(&sent, next);
            CHECK(send(fd, &sent, sent.length, 0) == (ssize_t)sent.length);
        }
        ssize_t length = recv(fd, &got, sizeof got, 0);
        if (length == -1 && errno == EAGAIN) {
            lost += next - awaited;
            awaited = next;
            continue;
        }
        CHECK(length >= 8 && got.number >= awaited && got.number < next);
        lost += got.number - awaited;
        fill(&expected, got.number);
        CHECK(length == (ssize_t)expected.length && memcmp(&got, &expected, length) == 0);
        awaited = got.number + 1;
    }
    if (lost > 0)
        fprintf(stderr, "%u of %u lost\n", lost, count);
    CHECK(lost <= count / 1000);
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    struct timeval limit = {5, 0};
    int before = descriptors();
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(connect(fd, &to.any, to.length) == 0);
    back_and_forth(fd, 1000);
    long pages = memory();
    back_and_forth(fd, atoi(words[3]));
    CHECK(memory() <= pages + 64);
    CHECK(close(fd) == 0);
    /* A thread of ours may still be keeping the control connection for what is on its way. */
    while (descriptors() > before)
        poll(NULL, 0, 10);
    for (int index = 0; index < 200; index++) {
        fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
        CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
        CHECK(connect(fd, &to.any, to.length) == 0);
        back_and_forth(fd, 1);
        CHECK(close(fd) == 0);
    }
    while (descriptors() > before)
        poll(NULL, 0, 10);
    return 0;
}
