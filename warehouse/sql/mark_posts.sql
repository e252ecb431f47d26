-- posts of which it matters to $reader that they came, went or changed their topic, each once
INSERT INTO meta.changed_posts
SELECT $reader AS reader, coalesce(i.post_id, p.post_id) AS post_id
FROM incoming AS i
FULL JOIN raw.posts AS p ON i.post_id = p.post_id
WHERE (i.post_id IS NULL OR p.post_id IS NULL OR coalesce(i.topic, '') <> coalesce(p.topic, ''))
    AND coalesce(i.post_id, p.post_id) NOT IN (SELECT post_id FROM meta.changed_posts WHERE reader = $reader)
