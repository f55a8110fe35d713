-- name: of
select project, role from grants where who = ? order by project, role;

-- name: given
select who, project, role, by, at from grants where who = ? order by project, role;

-- name: all
select who, project, role, by, at from grants order by who, project, role;

-- name: give
insert into grants (who, project, role, by, at) values (?, ?, ?, ?, ?) on conflict (who, project, role) do nothing;

-- name: take
delete from grants where who = ? and project = ? and role = ?;

-- name: user
select 1 as one from users where name = ?;
