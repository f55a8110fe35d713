-- name: add_point
insert into points (series, step, at, value, nan) values (?, ?, ?, ?, ?) on conflict do nothing;

-- name: set_newest
insert into series (run, key, project, experiment, step, at, value, nan) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (run, key) do update set
    writes = series.writes + 1,
    step = case when (excluded.step, excluded.at, excluded.value, excluded.nan) > (series.step, series.at, series.value, series.nan)
        then excluded.step else series.step end,
    at = case when (excluded.step, excluded.at, excluded.value, excluded.nan) > (series.step, series.at, series.value, series.nan)
        then excluded.at else series.at end,
    value = case when (excluded.step, excluded.at, excluded.value, excluded.nan) > (series.step, series.at, series.value, series.nan)
        then excluded.value else series.value end,
    nan = case when (excluded.step, excluded.at, excluded.value, excluded.nan) > (series.step, series.at, series.value, series.nan)
        then excluded.nan else series.nan end
returning id;

-- name: ids
select id, key from series where run = ? and key in ($in);

-- name: series
select id from series where run = ? and key = ?;

-- name: first
select step, at, value, nan from points where series = ? and step >= ? and step <= ? order by step, at, value, nan limit ?;

-- name: last
select step, at, value, nan from points where series = ? and step <= ? order by step desc, at desc, value desc, nan desc limit 1;

-- name: page
select step, at, value, nan from points where series = ? and (step, at, value, nan) > (?, ?, ?, ?) order by step, at, value, nan limit ?;

-- name: by_step
with recursive mark (n, step) as (
    select 0, cast(? as bigint)
    union all
    select n + 1, cast(? + (n + 1) * ? as bigint) from mark where n + 1 < ?
)
select distinct p.step, p.at, p.value, p.nan from mark join points p on p.series = ? and (p.step, p.at, p.value, p.nan) = (
    select q.step, q.at, q.value, q.nan from points q where q.series = ? and q.step >= mark.step order by q.step, q.at, q.value, q.nan limit 1
)
where p.step <= ?
order by p.step, p.at, p.value, p.nan;

-- name: by_time
with recursive mark (n, at) as (
    select 0, cast(? as bigint)
    union all
    select n + 1, cast(? + (n + 1) * ? as bigint) from mark where n + 1 < ?
)
select distinct p.step, p.at, p.value, p.nan from mark join points p on p.series = ? and (p.step, p.at, p.value, p.nan) = (
    select q.step, q.at, q.value, q.nan from points q
    where q.series = ? and q.step = ? and q.at >= mark.at order by q.at, q.value, q.nan limit 1
)
order by p.step, p.at, p.value, p.nan;
