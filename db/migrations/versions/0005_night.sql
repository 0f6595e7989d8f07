CREATE INDEX loans_disbursed ON loans (disbursed_on) WHERE live
;
CREATE INDEX loans_maturing ON loans (matures_on) WHERE live
;
CREATE INDEX loans_worsened ON loans (worsened_on) WHERE live and worsened_on is not null
;
CREATE INDEX loans_ended ON loans (changed_on) WHERE not live
;
