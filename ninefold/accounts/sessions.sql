-- name: find
select s.who, s.created, s.seen, s.expires from sessions s join users u on u.name = s.who
where s.digest = ? and s.expires > ? and s.seen > ? and u.state = 'active';

-- name: seen
update sessions set seen = ? where digest = ? and seen < ?;

-- name: end
delete from sessions where digest = ?;

-- name: end_all
delete from sessions where who = ?;

-- name: outlived
delete from sessions where expires <= ? or seen <= ?;

-- name: count
select count(*) as n from sessions where who = ? and expires > ? and seen > ?;
