-- name: find
select t.id, t.who, t.project, t.roles, t.expires, t.used from tokens t join users u on u.name = t.who
where t.digest = ? and t.revoked is null and u.state = 'active';

-- name: one
select * from tokens where id = ?;

-- name: of
select * from tokens where who = ? order by created desc;

-- name: all
select * from tokens order by who, created desc;

-- name: revoke
update tokens set revoked = ? where id = ? and revoked is null;

-- name: used
update tokens set used = ? where id = ? and (used is null or used < ?);

-- name: user
select state from users where name = ?;

-- name: count
select count(*) as n from tokens where who = ? and revoked is null;
