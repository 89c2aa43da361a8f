# Databases and servers, on sockets in the run's directory or a free port of the loopback: read by run.sh.
# shellcheck shell=sh disable=SC2016,SC2154,SC2317

redis() { plain redis-cli -s "$socket" "$@"; }

redis_saves() { # redis_saves TIMES: in forked children, one after the other
    saved=0
    while [ "$saved" -lt "$1" ]; do
        redis bgsave >/dev/null
        await sh -c "! redis-cli -s '$socket' info persistence | grep -q 'rdb_bgsave_in_progress:1'"
        redis info persistence | grep -q 'rdb_last_bgsave_status:ok' || fail "the background save failed"
        saved=$((saved + 1))
    done
}

redis_start() { # redis_start HOW: with what is saved
    start "$1" "$work/redis.log" redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no \
        --activedefrag no --io-threads 2 --dir "$work"
    await sh -c "[ \"\$(redis-cli -s '$socket' ping)\" = PONG ]"
}

redis_answers() {
    [ "$(redis dbsize)" = 50101 ] || fail "wrong number of keys"
    [ "$(redis strlen key:12345)" = 146 ] || fail "wrong value"
    [ "$(redis zscore board member:777)" = 777 ] || fail "wrong score"
    [ "$(redis lindex list:99 499)" = 49999 ] || fail "wrong element of a list"
}

app_redis() {
    need redis-server redis-cli redis-benchmark
    socket=$work/redis.sock
    redis_start preloaded
    plain awk 'BEGIN { for (i = 0; i < 50000; i++)
        printf "SET key:%d %s\nRPUSH list:%d %d\nZADD board %d member:%d\n", i, sprintf("%0*d", i % 200 + 1, i), i % 100, i, i, i }' |
        plain redis-cli -s "$socket" --pipe >"$work/pipe.out" || fail "redis-cli --pipe"
    grep -q 'errors: 0, replies: 150000' "$work/pipe.out" || { cat "$work/pipe.out"; fail "wrong replies"; }
    preloaded redis-benchmark -s "$socket" -n 10000 -c 20 -P 8 --csv -t set,get,lpush,lrange_100,zadd,hset \
        --dbnum 1 >"$work/benchmark.out" 2>&1 &
    benchmark=$!
    redis_saves 3
    wait "$benchmark" || { tail "$work/benchmark.out"; fail "redis-benchmark"; }
    grep -q 'LRANGE_100' "$work/benchmark.out" || { tail "$work/benchmark.out"; fail "redis-benchmark was cut short"; }
    redis_answers
    redis_saves 1
    stop TERM
    for how in plain preloaded; do # what a child saved is read by a server of either kind
        redis_start $how
        redis_answers
        redis flushall async >/dev/null
        stop TERM
    done
}

app_sqlite() {
    need sqlite3
    same sqlite3 :memory: ".read $here/sqlite.sql"
    plain sqlite3 "$work/plain.db" ".read $here/sqlite.sql" >/dev/null || fail "sqlite3 fails by itself"
    says '^ok$' sqlite3 "$work/preloaded.db" ".read $here/sqlite.sql" "pragma integrity_check"
    same sqlite3 "$work/preloaded.db" "select count(*), sum(length(name)) from item; pragma integrity_check"
}

# PostgreSQL refuses to run as root. Whom it runs as must be able to read all, so the run's directory
# has a copy of the library, and opens.
postgres_user() {
    [ "$(id -u)" = 0 ] || return 0
    need setpriv
    as="setpriv --reuid=$(id -u nobody) --regid=$(id -g nobody) --clear-groups"
    cp "$library" "$work/"
    library=$work/$(basename "$library")
    chmod 755 "$work"
    mkdir "$work/postgres"
    chown nobody "$work/postgres"
    cp "$here/postgres.sql" "$work"
}

# A cluster is made, worked on and stopped. Leaves what the SQL said in $work/HOW.sql.
postgres_round() {
    how=$1 data=$work/postgres/$1
    # shellcheck disable=SC2086 # words of their own
    in_postgres() { "$how" $as "$@"; }
    psql="psql -X -q -v ON_ERROR_STOP=1 -h $work/postgres -U postgres"
    in_postgres "$postgres/initdb" -D "$data" -U postgres -A trust -N --locale=C -E UTF8 >"$work/initdb.log" 2>&1 ||
        { tail "$work/initdb.log"; fail "initdb"; }
    # shellcheck disable=SC2086
    start "$how" "$work/$how.log" $as "$postgres/postgres" -D "$data" -k "$work/postgres" -c listen_addresses= \
        -c fsync=off -c shared_buffers=32MB -c max_connections=20 -c work_mem=256kB
    # shellcheck disable=SC2086
    await in_postgres $psql -c 'select 1'
    # shellcheck disable=SC2086
    in_postgres $psql -At -f "$work/postgres.sql" >"$work/$how.sql" 2>"$work/psql.err" ||
        { tail "$work/psql.err"; fail "the SQL failed"; }
    in_postgres "$postgres/pgbench" -h "$work/postgres" -U postgres -i -q -s 1 postgres >"$work/pgbench.log" 2>&1 ||
        { tail "$work/pgbench.log"; fail "pgbench -i"; }
    in_postgres "$postgres/pgbench" -h "$work/postgres" -U postgres -n -c 6 -j 3 -t 150 postgres >"$work/pgbench.log" 2>&1 ||
        { tail "$work/pgbench.log"; fail "pgbench"; }
    # shellcheck disable=SC2086
    sums=$(in_postgres $psql -At -c 'select (select sum(abalance) from pgbench_accounts) = sum(delta),
        (select sum(tbalance) from pgbench_tellers) = sum(delta),
        (select sum(bbalance) from pgbench_branches) = sum(delta), count(*) from pgbench_history')
    [ "$sums" = 't|t|t|900' ] || fail "pgbench's sums: $sums"
    stop INT
    grep 'terminated by signal' "$log" && fail "a backend crashed"
    return 0
}

app_postgresql() {
    for postgres in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* /usr/bin none; do
        [ -x "$postgres/postgres" ] && [ -x "$postgres/initdb" ] && break
    done
    need "$postgres/initdb" "$postgres/pgbench"
    need psql
    as='env PGTZ=UTC'
    cd / || exit 1
    postgres_user
    mkdir -p "$work/postgres"
    cp "$here/postgres.sql" "$work"
    postgres_round plain
    postgres_round preloaded
    diff "$work/plain.sql" "$work/preloaded.sql" || fail "SQL: other answers"
    grep -q '^done$' "$work/preloaded.sql" || fail "the SQL was cut short"
}

free_port() {
    perl -MIO::Socket::INET -e \
        'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

nginx_config() { # nginx_config PORT: files, plain and compressed, and a proxy to itself
    user=
    [ "$(id -u)" != 0 ] || user="user root;"
    cat <<END
daemon off; $user worker_processes 2; pid $work/nginx.pid; error_log $work/error.log notice;
events { worker_connections 200; }
http {
    access_log off; root $work/files; default_type text/plain;
    client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
    upstream self { server unix:$work/nginx.sock; keepalive 8; }
    server { listen unix:$work/nginx.sock; location / { add_header X-Served yes; } }
    server {
        listen 127.0.0.1:$1;
        location /zip/ { alias $work/files/; gzip on; gzip_types text/plain; gzip_comp_level 2; }
        location /proxy/ { proxy_pass http://self/; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
END
}

app_nginx() {
    need nginx wrk curl perl
    mkdir "$work/files"
    text_of 2000 >"$work/files/text"
    port=$(free_port)
    nginx_config "$port" >"$work/nginx.conf"
    start preloaded "$work/nginx.log" nginx -c "$work/nginx.conf" -e "$work/error.log"
    site=http://127.0.0.1:$port
    await curl -sf "$site/text"
    for path in text zip/text proxy/text; do
        preloaded wrk -t2 -c20 -d2s -H 'Accept-Encoding: gzip' "$site/$path" >"$work/wrk.out" 2>&1 &
        load=$!
        for reload in 1 2 3 4; do
            sleep 0.3
            kill -s HUP "$(cat "$work/nginx.pid")" || fail "nginx is gone (reload $reload)"
            plain curl -sf --compressed "$site/$path" | cmp - "$work/files/text" || fail "$path: other text"
        done
        wait "$load" || { cat "$work/wrk.out"; fail "wrk"; }
        grep -q ' requests in ' "$work/wrk.out" || { cat "$work/wrk.out"; fail "wrk served nothing"; }
        grep 'Non-2xx' "$work/wrk.out" && fail "wrk: wrong answers"
    done
    stop QUIT
    grep 'exited on signal' "$work/error.log" && fail "a worker of nginx crashed"
    return 0
}
