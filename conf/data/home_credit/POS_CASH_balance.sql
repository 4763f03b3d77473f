-- Cash and point-of-sale loans month by month. One number for each loan; cash_loan.sql goes on.
windows:
  y1: MONTHS_BALANCE >= -12

aggregates:
  months [all, y1]: count(*)
  months_dpd [all, y1]: count(*) FILTER (SK_DPD > 0)
  dpd_max: max(SK_DPD_DEF)
  instalments: arg_max(CNT_INSTALMENT, MONTHS_BALANCE)
  instalments_left: arg_max(CNT_INSTALMENT_FUTURE, MONTHS_BALANCE)
  last_status: arg_max(NAME_CONTRACT_STATUS, MONTHS_BALANCE)
