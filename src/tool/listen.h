/* listen.h - a small HTTP server for one page of text: what Prometheus reads. */
#ifndef HAKMEM_TOOL_LISTEN_H
#define HAKMEM_TOOL_LISTEN_H

#include "text.h"

/* A socket that listens at "127.0.0.1:9464" or "[::1]:9464"; -1, having said why, when it cannot. Only
 * addresses of this machine alone are taken, unless `anywhere`. Port 0 takes a free one; the address is
 * printed on standard error. */
int listen_open(const char *command, const char *address, bool anywhere);

/* Answers GET /metrics with what `page` writes, one connection at a time, until SIGINT or SIGTERM (true)
 * or until `page` says false: then the one who asked gets status 503. */
bool listen_serve(int socket, const char *content_type, bool (*page)(struct text *out, void *argument),
                  void *argument);

#endif
