-- What the answers must be, asked of the OULAD tables themselves (SQLite).
-- The tables of the data folder are there under their own names, empty fields as NULL.
-- The rules are those of docs/examples/oulad.md and of the contract, section 3.

-- moment: one row, the instant by which something must have happened to count.
CREATE TABLE moment (at TEXT NOT NULL);

-- presentation: the class, the day it starts and the end of its last day.
CREATE VIEW presentation AS
WITH started AS (
    SELECT *,
           substr(code_presentation, 1, 4)
           || CASE substr(code_presentation, 5) WHEN 'B' THEN '-02-01' WHEN 'J' THEN '-10-01' END AS start
    FROM courses
)
SELECT code_module, code_presentation, start,
       code_module || '-' || code_presentation AS class_code,
       date(start, module_presentation_length || ' days') || 'T17:00:00Z' AS ended
FROM started;

-- purchase: one row per registration that had happened.
CREATE VIEW purchase AS
SELECT class_code, id_student,
       date(start, date_registration || ' days') || 'T09:00:00Z' AS purchased_at,
       CASE WHEN date(start, date_unregistration || ' days') || 'T17:00:00Z' <= moment.at
            THEN date(start, date_unregistration || ' days') || 'T17:00:00Z' END AS refunded_at
FROM studentRegistration JOIN presentation USING (code_module, code_presentation), moment
WHERE date(start, date_registration || ' days') || 'T09:00:00Z' <= moment.at;

-- submission: every piece of work, numbered from the one that assesses the class; 1 may be in the future.
CREATE VIEW submission AS
SELECT class_code, id_student, score,
       date(start, date_submitted || ' days') || 'T12:00:00Z' AS at,
       row_number() OVER (
           PARTITION BY class_code, id_student
           ORDER BY assessment_type = 'Exam' DESC, date DESC, weight DESC, id_assessment DESC
       ) AS from_last
FROM studentAssessment JOIN assessments USING (id_assessment)
     JOIN presentation USING (code_module, code_presentation);

-- completion: a passed presentation, at its end.
CREATE VIEW completion AS
SELECT class_code, id_student, ended AS at
FROM studentResult JOIN presentation USING (code_module, code_presentation), moment
WHERE final_result IN ('Pass', 'Distinction') AND ended <= moment.at;

-- evidence: when a student's first and last word in a class came.
CREATE VIEW evidence AS
SELECT class_code, id_student, min(at) AS first_at, max(at) AS last_at
FROM (
    SELECT class_code, id_student, submission.at FROM submission, moment WHERE submission.at <= moment.at
    UNION ALL
    SELECT class_code, id_student, at FROM completion
)
GROUP BY class_code, id_student;

-- answer: one row per purchased class.
CREATE VIEW answer AS
SELECT printf('OU-%09d', id_student) AS participant_id,
       class_code,
       purchased_at,
       refunded_at,
       CASE WHEN completion.at IS NOT NULL THEN 'completed'
            WHEN evidence.last_at IS NOT NULL THEN 'in_progress'
            ELSE 'never_reported' END AS completion,
       completion.at AS completed_at,
       CASE WHEN result.at IS NULL THEN 'not_assessed'
            WHEN result.score IS NULL THEN 'assessed'
            WHEN result.score >= 40 THEN 'passed'
            ELSE 'failed' END AS assessment,
       result.at AS assessed_at,
       result.score / 100.0 AS best_scaled,
       result.at IS NOT NULL AS attempts,
       completion.at IS NOT NULL AND coalesce(result.score >= 40, 0) AS satisfied,
       completion.at IS NOT NULL AND result.at IS NULL AS completed_without_assessment,
       coalesce(evidence.first_at < purchased_at, 0) AS evidence_before_purchase,
       coalesce(evidence.last_at > refunded_at, 0) AS evidence_after_refund
FROM purchase
     LEFT JOIN completion USING (class_code, id_student)
     LEFT JOIN evidence USING (class_code, id_student)
     LEFT JOIN (SELECT submission.* FROM submission, moment
                WHERE from_last = 1 AND submission.at <= moment.at) AS result
               USING (class_code, id_student);

-- class_figures: the answers counted, class by class.
CREATE VIEW class_figures AS
SELECT class_code,
       count(*) AS purchased,
       count(refunded_at) AS refunded,
       sum(completion = 'completed') AS completed,
       sum(completion = 'in_progress') AS in_progress,
       sum(completion = 'never_reported') AS never_reported,
       sum(assessment = 'passed') AS passed,
       sum(assessment = 'failed') AS failed,
       sum(assessment = 'assessed') AS without_verdict,
       sum(assessment = 'not_assessed') AS not_assessed,
       sum(satisfied) AS satisfied,
       max(best_scaled) AS highest,
       avg(best_scaled) AS mean_scaled
FROM answer
GROUP BY class_code;
