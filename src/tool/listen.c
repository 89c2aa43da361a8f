#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096, PATIENCE_MS = 5000, BACKLOG = 16 };

/* ---- the address */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "127.0.0.1:9464", "[::1]:9464". */
static bool address_read(const char *text, union address *address, socklen_t *length)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : sizeof host;
    char *end = NULL;
    unsigned long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 65536;
    if (size >= sizeof host || port > 65535 || !end || *end)
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    memset(address, 0, sizeof *address);
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        *length = sizeof address->v6;
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    *length = sizeof address->v4;
    return inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &address->v4.sin_addr) == 1;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

static void announce(int listener)
{
    union address address;
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(listener, &address.any, &length) != 0)
        return;
    bool v6 = address.any.sa_family == AF_INET6;
    inet_ntop(address.any.sa_family, v6 ? (void *)&address.v6.sin6_addr : (void *)&address.v4.sin_addr, host,
              sizeof host);
    message_print("serving http://%s%s%s:%d/metrics", v6 ? "[" : "", host, v6 ? "]" : "",
                  ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port));
}

int listen_open(const char *command, const char *text, bool anywhere)
{
    union address address;
    socklen_t length;
    if (!address_read(text, &address, &length)) {
        usage_error(command, "--listen wants ADDRESS:PORT, such as 127.0.0.1:9464, not '%s'", text);
        return -1;
    }
    if (!anywhere && !is_loopback(&address)) {
        usage_error(command,
                    "'%s' can be reached from other machines: add --listen-anywhere if that is meant", text);
        return -1;
    }
    int listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (listener >= 0)
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, &address.any, length) != 0 || listen(listener, BACKLOG) != 0) {
        message_print("cannot listen at %s: %s", text, strerror(errno));
        if (listener >= 0)
            close(listener);
        return -1;
    }
    announce(listener);
    return listener;
}

/* ---- one connection */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The next connection; -1: interrupted, or it is gone again. Signals are let in only while it waits. */
static int connection_next(int listener, const sigset_t *open_mask)
{
    struct pollfd poller = {listener, POLLIN, 0};
    if (interrupted || ppoll(&poller, 1, NULL, open_mask) != 1)
        return -1;
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Whether the connection is ready before the deadline. */
static bool wait_for(int connection, short events, int64_t deadline_ms)
{
    struct pollfd poller = {connection, events, 0};
    int64_t left_ms = deadline_ms - now_ms();
    return !interrupted && left_ms > 0 && poll(&poller, 1, (int)left_ms) == 1;
}

/* The request's first line, once its head is whole. */
static bool request_read(int connection, char request[REQUEST_BYTES], int64_t deadline_ms)
{
    size_t used = 0;
    while (used < REQUEST_BYTES - 1 && wait_for(connection, POLLIN, deadline_ms)) {
        ssize_t got = recv(connection, request + used, REQUEST_BYTES - 1 - used, MSG_DONTWAIT);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request[used] = '\0';
        if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
            return true;
    }
    return false;
}

static void answer_send(int connection, const char *bytes, size_t length, int64_t deadline_ms)
{
    while (length && wait_for(connection, POLLOUT, deadline_ms)) {
        ssize_t sent = send(connection, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void answer(int connection, const char *status, const char *type, const struct text *body,
                   int64_t deadline_ms)
{
    struct text all = {NULL, 0, 0};
    const char *data = body->data ? body->data : "";
    text_add(&all, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
             status, type, body->length, data);
    answer_send(connection, all.data, all.length, deadline_ms);
    text_free(&all);
}

static bool asks_for(const char *request, const char *path)
{
    size_t length = strlen(path);
    return strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, path, length) == 0 &&
           (request[4 + length] == ' ' || request[4 + length] == '?');
}

/* False when there is no page any more. */
static bool connection_serve(int connection, const char *type, bool (*page)(struct text *out, void *argument),
                             void *argument)
{
    static const char plain[] = "text/plain; charset=utf-8";
    char request[REQUEST_BYTES];
    struct text body = {NULL, 0, 0};
    bool alive = true;
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    if (!request_read(connection, request, deadline_ms))
        return true;
    if (asks_for(request, "/metrics")) {
        alive = page(&body, argument);
        answer(connection, alive ? "200 OK" : "503 Service Unavailable", alive ? type : plain, &body,
               deadline_ms);
    } else if (strncmp(request, "GET ", 4) != 0) {
        answer(connection, "405 Method Not Allowed", plain, &body, deadline_ms);
    } else {
        text_add(&body, "hakmem stats: see /metrics\n");
        answer(connection, asks_for(request, "/") ? "200 OK" : "404 Not Found", plain, &body, deadline_ms);
    }
    text_free(&body);
    return alive;
}

bool listen_serve(int listener, const char *content_type, bool (*page)(struct text *out, void *argument),
                  void *argument)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigset_t ends, open_mask;
    bool alive = true;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &open_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (alive && !interrupted) {
        int connection = connection_next(listener, &open_mask);
        if (connection < 0)
            continue;
        alive = connection_serve(connection, content_type, page, argument);
        close(connection);
    }
    close(listener);
    return alive;
}
