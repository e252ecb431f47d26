-- Macros for analysts: what would this user be shown, and which posts read alike.
CREATE MACRO recommend(wanted_user, n := 10) AS TABLE
SELECT r.arm, r.rank, r.post_id, p.topic, r.score, r.source, r.propensity, t.text
FROM recommendations AS r
JOIN posts AS p USING (post_id)
JOIN post_text AS t USING (post_id)
WHERE r.user_id = wanted_user AND r.rank <= n
ORDER BY r.arm, r.rank;

CREATE MACRO similar_posts(wanted_post, n := 10) AS TABLE
SELECT o.post_id, p.topic, array_inner_product(o.vector, w.vector) AS similarity, t.text
FROM text_test AS w
JOIN text_test AS o ON o.post_id <> w.post_id
JOIN posts AS p ON p.post_id = o.post_id
JOIN post_text AS t ON t.post_id = o.post_id
WHERE w.post_id = wanted_post
QUALIFY row_number() OVER (ORDER BY similarity DESC, o.post_id) <= n
ORDER BY similarity DESC, o.post_id;
