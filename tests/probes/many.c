/* many HOST PORT COUNT: COUNT connections by eight threads, half of them blocking, the others waiting by poll or on one
 * epoll set a thread, with pauses and sizes of all kinds; every byte comes back once and in order, and no descriptor
 * stays open. PORT echoes. */
#include "gate.h"
#include <sys/epoll.h>

enum { THREADS = 8, AT_ONCE = 8, LONGEST = 3000 };

static struct address to;
static int share;

struct stream {
    int fd;
    size_t length, sent, got;
    unsigned char seed;
};

static unsigned next(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static unsigned char byte_at(const struct stream *stream, size_t index) {
    return (unsigned char)(stream->seed + index * 7 + index / 251);
}

static void pause_for(unsigned *state) {
    struct timespec length = {0, (long)(next(state) % 8) * 50000};
    if (length.tv_nsec)
        nanosleep(&length, NULL);
}

/* Says as much as goes; then no more. */
static void say(struct stream *stream, unsigned *state) {
    unsigned char bytes[LONGEST];
    size_t count = stream->length - stream->sent, most = 1 + next(state) % LONGEST;
    if (count > most)
        count = most;
    for (size_t index = 0; index < count; index++)
        bytes[index] = byte_at(stream, stream->sent + index);
    ssize_t sent = count ? send(stream->fd, bytes, count, MSG_NOSIGNAL) : 0;
    CHECK(sent >= 0 || errno == EAGAIN);
    if (sent > 0)
        stream->sent += sent;
    if (count && stream->sent == stream->length)
        CHECK(shutdown(stream->fd, SHUT_WR) == 0);
}

/* True at the end of what comes back. */
static int hear(struct stream *stream) {
    unsigned char bytes[LONGEST];
    ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);
    if (got < 0) {
        CHECK(errno == EAGAIN);
        return 0;
    }
    CHECK(stream->got + got <= stream->sent);
    for (ssize_t index = 0; index < got; index++)
        CHECK(bytes[index] == byte_at(stream, stream->got + index));
    stream->got += got;
    if (got == 0)
        CHECK(stream->got == stream->length);
    return got == 0;
}

static struct stream begin(int flags, unsigned *state) {
    struct stream stream = {.length = 1 + next(state) % LONGEST, .seed = next(state)};
    stream.fd = socket(to.any.sa_family, SOCK_STREAM | flags, 0);
    CHECK(stream.fd >= 0);
    int outcome = connect(stream.fd, &to.any, to.length);
    CHECK(outcome == 0 || (flags & SOCK_NONBLOCK && errno == EINPROGRESS));
    return stream;
}

static void is_connected(int fd) {
    int error = pending_error(fd);
    struct address seen;
    if (error) {
        fprintf(stderr, "connect: %s\n", strerrorname_np(error));
        _exit(1);
    }
    seen = peer(fd);
    CHECK(same(&seen, &to));
}

static void by_blocking(unsigned *state) {
    struct stream stream = begin(0, state);
    is_connected(stream.fd);
    pause_for(state);
    while (stream.sent < stream.length)
        say(&stream, state);
    while (!hear(&stream))
        pause_for(state);
    CHECK(close(stream.fd) == 0);
}

static void by_poll(unsigned *state) {
    struct stream stream = begin(SOCK_NONBLOCK, state);
    struct pollfd entry = {.fd = stream.fd, .events = POLLOUT};
    pause_for(state);
    CHECK(poll(&entry, 1, -1) == 1);
    is_connected(stream.fd);
    for (int over = 0; !over;) {
        entry.events = stream.sent < stream.length ? POLLIN | POLLOUT : POLLIN;
        CHECK(poll(&entry, 1, -1) == 1);
        if (entry.revents & POLLOUT)
            say(&stream, state);
        if (entry.revents & POLLIN)
            over = hear(&stream);
    }
    CHECK(close(stream.fd) == 0);
}

static void by_epoll(unsigned *state) {
    struct stream streams[AT_ONCE];
    int set = epoll_create1(EPOLL_CLOEXEC), connected[AT_ONCE] = {0}, left = AT_ONCE;
    int edge = next(state) % 2;
    CHECK(set >= 0);
    for (int one = 0; one < AT_ONCE; one++) {
        streams[one] = begin(SOCK_NONBLOCK, state);
        struct epoll_event wanted = {.events = EPOLLOUT | (edge ? EPOLLET : 0), .data.u32 = one};
        if (next(state) % 4 == 0)
            pause_for(state);
        CHECK(epoll_ctl(set, EPOLL_CTL_ADD, streams[one].fd, &wanted) == 0);
    }
    while (left) {
        struct epoll_event events[AT_ONCE];
        int count = epoll_wait(set, events, AT_ONCE, -1);
        CHECK(count > 0);
        for (int index = 0; index < count; index++) {
            struct stream *stream = &streams[events[index].data.u32];
            int *is_on = &connected[events[index].data.u32];
            if (!*is_on) {
                is_connected(stream->fd);
                *is_on = 1;
            }
            if (stream->sent < stream->length)
                say(stream, state);
            if (events[index].events & EPOLLIN && hear(stream)) {
                CHECK(close(stream->fd) == 0);
                left--;
                continue;
            }
            struct epoll_event wanted = {.events = EPOLLIN, .data = events[index].data};
            if (stream->sent < stream->length)
                wanted.events |= EPOLLOUT;
            CHECK(epoll_ctl(set, EPOLL_CTL_MOD, stream->fd, &wanted) == 0);
        }
    }
    CHECK(close(set) == 0);
}

/* A connect that the application gives up. */
static void give_up(unsigned *state) {
    struct stream stream = begin(SOCK_NONBLOCK, state);
    pause_for(state);
    CHECK(close(stream.fd) == 0);
}

static void *work(void *argument) {
    unsigned state = (unsigned)(size_t)argument * 2654435761u + 1;
    for (int made = 0; made < share;) {
        pause_for(&state);
        if (next(&state) % 32 == 0)
            give_up(&state);
        if (next(&state) % 8 == 0 && share - made >= 2 * AT_ONCE) {
            by_epoll(&state);
            made += AT_ONCE;
        }
        for (int one = 0; one < 4 && made < share; one++, made += 2) {
            by_blocking(&state);
            by_poll(&state);
        }
    }
    return NULL;
}

int main(int count, char **words) {
    pthread_t threads[THREADS];
    CHECK(count == 4);
    to = resolved(words[1], atoi(words[2]));
    share = atoi(words[3]) / THREADS;
    unsigned state = 1;
    by_blocking(&state);
    int before = open_descriptors();
    for (size_t one = 0; one < THREADS; one++)
        CHECK(pthread_create(&threads[one], NULL, work, (void *)one) == 0);
    for (size_t one = 0; one < THREADS; one++)
        CHECK(pthread_join(threads[one], NULL) == 0);
    /* What an abandoned handshake holds goes with the helper, a moment later. */
    while (open_descriptors() > before)
        a_moment();
    return 0;
}
