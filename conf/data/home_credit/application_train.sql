-- The application itself; none of this looks at another applicant, or at the target.
rows:
  -- 365243 days stands for people who do not work; the number itself is missing (see sentinels).
  NOT_EMPLOYED: DAYS_EMPLOYED IS NULL
