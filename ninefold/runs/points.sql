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

-- each mark finds its point by one seek in the key; the cross join tells SQLite to begin with the marks
-- name: by_step
with recursive mark (n, series, step) as (
    select 0, cast(? as bigint), cast(? as bigint)
    union all
    select n + 1, series, cast(? + (n + 1) * ? as bigint) from mark where n + 1 < ?
)
select distinct p.step, p.at, p.value, p.nan from mark cross join points p
where p.series = mark.series and p.step <= ?
    and p.step = (select q.step from points q where q.series = mark.series and q.step >= mark.step order by q.step, q.at, q.value, q.nan limit 1)
    and p.at = (select q.at from points q where q.series = mark.series and q.step >= mark.step order by q.step, q.at, q.value, q.nan limit 1)
    and p.value = (select q.value from points q where q.series = mark.series and q.step >= mark.step order by q.step, q.at, q.value, q.nan limit 1)
    and p.nan = (select q.nan from points q where q.series = mark.series and q.step >= mark.step order by q.step, q.at, q.value, q.nan limit 1)
order by p.step, p.at, p.value, p.nan;

-- name: by_time
with recursive mark (n, series, step, at) as (
    select 0, cast(? as bigint), cast(? as bigint), cast(? as bigint)
    union all
    select n + 1, series, step, cast(? + (n + 1) * ? as bigint) from mark where n + 1 < ?
)
select distinct p.step, p.at, p.value, p.nan from mark cross join points p
where p.series = mark.series and p.step = mark.step
    and p.at = (select q.at from points q where q.series = mark.series and q.step = mark.step and q.at >= mark.at order by q.at, q.value, q.nan limit 1)
    and p.value = (select q.value from points q where q.series = mark.series and q.step = mark.step and q.at >= mark.at order by q.at, q.value, q.nan limit 1)
    and p.nan = (select q.nan from points q where q.series = mark.series and q.step = mark.step and q.at >= mark.at order by q.at, q.value, q.nan limit 1)
order by p.step, p.at, p.value, p.nan;
