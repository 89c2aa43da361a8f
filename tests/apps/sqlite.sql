-- 100,000 rows, indexes, joins, text search and recursion; prints what it found.
create table item(id integer primary key, name text, price real, kind integer);
begin;
insert into item
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
  select i, printf('item %d %s', i, substr('abcdefghijklmnopqrstuvwxyz', 1, i % 26)), i * 0.25, i % 97 from n;
commit;
create index item_name on item(name);
create index item_kind on item(kind, price);
select count(*), sum(length(name)), round(sum(price), 2) from item;
select kind, count(*), max(name) from item group by kind order by 2 desc, 1 limit 5;
select count(*) from item a join item b on b.kind = a.kind and b.id = a.id + 97;
select group_concat(name, '|') from (select name from item where name like '%77%xyz%' or name glob 'item 12345*' order by id limit 20);
update item set name = upper(name) where id % 3 = 0;
delete from item where id % 10 = 7;
select count(*), sum(length(name)) from item where name = upper(name);
select id, rank() over (partition by kind order by price desc) from item order by 2 desc, 1 limit 5;
select json_extract(json_group_array(json_object('id', id)), '$[500].id') from item;
vacuum;
select count(*) from item;
