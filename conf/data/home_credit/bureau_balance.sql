-- What the credit bureau said of a loan in a month, 0 being the month of the application.
-- C: closed, X: unknown, 0: paid, 1 to 5: days past due, 5 being more than 120 or sold.
rows:
  step: CASE WHEN STATUS IN ('0', '1', '2', '3', '4', '5') THEN STATUS::INTEGER END

windows:
  y1: MONTHS_BALANCE >= -12

aggregates:
  -- One number for each loan; bureau.sql makes one for each applicant of them.
  months: count(*)
  months_closed: count(*) FILTER (STATUS = 'C')
  months_late [all, y1]: count(*) FILTER (step >= 1)
  worst: max(step)
  last_late: max(MONTHS_BALANCE) FILTER (step >= 1)
