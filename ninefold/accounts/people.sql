-- name: find
select * from users where name = ?;

-- name: by_subject
select * from users where subject = ?;

-- name: by_email
select * from users where email = ? and email <> '' and state = 'active';

-- name: all
select * from users order by name;

-- name: any
select 1 as one from users limit 1;

-- name: set_password
update users set password = ?, updated = ? where name = ?;

-- name: rehash
update users set password = ? where name = ? and password = ?;

-- name: set_state
update users set state = ?, updated = ? where name = ? and state <> ?;

-- name: set_subject
update users set subject = ?, updated = ? where name = ? and subject is null;

-- name: revoke_tokens
update tokens set revoked = ? where who = ? and revoked is null;

-- name: end_sessions
delete from sessions where who = ?;

-- name: administrators
select u.name from users u join grants g on g.who = u.name
where u.state = 'active' and g.project = '*' and g.role = 'administrator'
and (u.password <> '' or u.subject is not null
    or exists (select 1 from tokens t where t.who = u.name and t.revoked is null and t.project is null and t.roles is null
        and (t.expires is null or t.expires > ?)))
order by u.name;

-- name: other_administrators
select u.name from users u join grants g on g.who = u.name
where u.state = 'active' and g.project = '*' and g.role = 'administrator' and u.name <> ? limit 1;
