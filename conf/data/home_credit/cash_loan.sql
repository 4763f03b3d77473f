-- Earlier cash and point-of-sale loans: the months of each (POS_CASH_balance.sql) put together.
aggregates:
  POS_LOANS: count(*)
  POS_MONTHS: sum(months)
  POS_DPD_SHARE: sum(months_dpd) / nullif(sum(months), 0)
  POS_DPD_SHARE_Y1: sum(months_dpd_y1) / nullif(sum(months_y1), 0)
  POS_DPD_MAX: max(dpd_max)
  POS_LEFT: sum(instalments_left) FILTER (last_status = 'Active')
  POS_LEFT_SHARE: sum(instalments_left) FILTER (last_status = 'Active') / nullif(sum(instalments), 0)
  POS_COMPLETED_EARLY: count(*) FILTER (last_status = 'Completed' AND instalments_left > 0)
