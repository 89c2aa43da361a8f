-- Sorts and hashes that spill, indexes, JSON, arrays, procedures, parallel workers; answers of its own kind.
\set QUIET 1
create table item (id serial primary key, name text, price numeric, tags text[], data jsonb);
insert into item (name, price, tags, data)
    select 'name ' || (i * 7919 % 10007), i * 1.25, array[(i % 10)::text, 'all'],
           jsonb_build_object('n', i, 'list', jsonb_build_array(i, i + 1), 'text', repeat('x', i % 100))
    from generate_series(1, 20000) i;
create index on item (name);
create index on item using gin (data);
create index on item using hash (price);
analyze item;
select count(*), sum(price), min(name collate "C"), max(length(data::text)) from item;
select md5(string_agg(name, ',' order by name collate "C", id)) from item;
select tags[1], count(*), avg(price)::numeric(12, 4) from item group by 1 order by tags[1] collate "C";
select count(*) from item where data @> '{"list": [77]}';
select count(*) from item a join item b on a.name = b.name and a.id < b.id;
select id, sum(price) over w, rank() over w from item where id <= 5 window w as (order by id);
with recursive walk(n, path) as (
    select 1, '1' union all select n + 1, path || '.' || (n + 1) from walk where n < 500)
    select length(max(path)) from walk;
select count(*), sum(length(word)) from (select regexp_split_to_table(string_agg(name, ' '), '\s+') word from item) w;
select md5(string_agg(m[1], '')) from item, regexp_matches(name, '(\d)\d*7$') m where id < 5000;

create function fibonacci(n integer) returns numeric language plpgsql as $$
declare a numeric := 0; b numeric := 1;
begin
    for i in 1..n loop select b, a + b into a, b; end loop;
    return a;
end $$;
select fibonacci(300);
do $$
begin
    for i in 1..300 loop
        begin
            insert into item (id, name) values (i, 'twice');
        exception when unique_violation then
            perform 1;
        end;
    end loop;
end $$;
select count(*) from item where name = 'twice';

set min_parallel_table_scan_size = 0; set parallel_setup_cost = 0; set parallel_tuple_cost = 0;
set max_parallel_workers_per_gather = 2;
select count(*), sum(length(name)) from item where name like '%7%';
select sum(a.id % 7) from item a join item b using (name);
set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0;
select sum(id * 2 + length(name)), count(*) filter (where price > 1000) from item;
reset all;

update item set data = data || '{"new": true}', name = upper(name) where id % 3 = 0;
delete from item where id % 5 = 0;
vacuum full analyze item;
reindex table item;
select count(*), sum((data->>'n')::bigint), count(*) filter (where data ? 'new') from item;
begin; declare c cursor for select id from item order by price desc; fetch 3 from c; move 1000 in c; fetch 1 from c; commit;
select count(*) from xmltable('//b' passing xmlparse(content '<a>' || repeat('<b>1</b>', 500) || '</a>') columns v int path '.');
select 'done';
