BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE balances (
	taken_ns BIGINT NOT NULL, 
	venue TEXT NOT NULL, 
	asset TEXT NOT NULL, 
	free TEXT NOT NULL, 
	locked TEXT NOT NULL, 
	CONSTRAINT pk_balances PRIMARY KEY (taken_ns, venue, asset)
);
INSERT INTO "balances" VALUES(1699999999999999991,'mexc','BTC','1.20','0.10');
INSERT INTO "balances" VALUES(1699999999999999995,'mexc','BTC','1.30','0');
CREATE TABLE drifts (
	found_ns BIGINT NOT NULL, 
	venue TEXT NOT NULL, 
	asset TEXT NOT NULL, 
	expected TEXT NOT NULL, 
	reported TEXT NOT NULL, 
	CONSTRAINT pk_drifts PRIMARY KEY (found_ns, venue, asset)
);
INSERT INTO "drifts" VALUES(1700000000000000000,'mexc','BTC','1','1.2');
CREATE TABLE episodes (
	closed_ns BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	strategy TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	legs TEXT NOT NULL, 
	open_ns BIGINT NOT NULL, 
	best_edge_bps FLOAT NOT NULL, 
	best_size FLOAT NOT NULL, 
	best_profit FLOAT NOT NULL, 
	sightings BIGINT NOT NULL, 
	executable BOOLEAN NOT NULL, 
	refused_by TEXT, 
	CONSTRAINT pk_episodes PRIMARY KEY (closed_ns, number)
);
INSERT INTO "episodes" VALUES(1700000000000000099,2,'spatial','BTC/USDT','[["mexc", "BTC/USDT", "buy"], ["gateio", "BTC/USDT", "sell"]]',25,12.5,1.0,0.5,4,0,'size');
CREATE TABLE fills (
	client_order_id TEXT NOT NULL, 
	trade_id TEXT NOT NULL, 
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side INTEGER NOT NULL, 
	price TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	fee TEXT, 
	fee_asset TEXT, 
	role INTEGER NOT NULL, 
	exchange_ns BIGINT NOT NULL, 
	CONSTRAINT pk_fills PRIMARY KEY (client_order_id, trade_id)
);
INSERT INTO "fills" VALUES('order1leg0','t1','mexc','BTC/USDT',1,'100.0000000000000000000000000000001','0.50','0.000500','BTC',0,1700000000000000005);
INSERT INTO "fills" VALUES('order1leg1','t1','gateio','BTC/USDT',2,'100.0000000000000000000000000000001','0.50','0.000500','BTC',0,1700000000000000005);
INSERT INTO "fills" VALUES('order2leg0','t1','mexc','BTC/USDT',1,'100.0000000000000000000000000000001','0.50','0.000500','BTC',0,1700000000000000005);
INSERT INTO "fills" VALUES('order2leg1','t1','gateio','BTC/USDT',2,'100.0000000000000000000000000000001','0.50','0.000500','BTC',0,1700000000000000005);
CREATE TABLE intents (
	id BIGINT NOT NULL, 
	strategy TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	money TEXT NOT NULL, 
	notional TEXT NOT NULL, 
	edge_bps FLOAT NOT NULL, 
	created_ns BIGINT NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_intents PRIMARY KEY (id)
);
INSERT INTO "intents" VALUES(1,'spatial','BTC/USDT','USDT','50.123456789012345678901234567890123',12.5,1700000000000000001,'{"id":1,"strategy":"spatial","symbol":{"base":"BTC","quote":"USDT","settle":null},"plan":"together","money":"USDT","notional":"50.123456789012345678901234567890123","edge_bps":12.5,"created_ns":1700000000000000001,"detected_ns":1700000000000000000}');
INSERT INTO "intents" VALUES(2,'spatial','BTC/USDT','USDT','50.123456789012345678901234567890123',12.5,1700000000000000002,'{"id":2,"strategy":"spatial","symbol":{"base":"BTC","quote":"USDT","settle":null},"plan":"together","money":"USDT","notional":"50.123456789012345678901234567890123","edge_bps":12.5,"created_ns":1700000000000000002,"detected_ns":1700000000000000000}');
INSERT INTO "intents" VALUES(3,'spatial','BTC/USDT','USDT','50.123456789012345678901234567890123',12.5,1700000000000000003,'{"id":3,"strategy":"spatial","symbol":{"base":"BTC","quote":"USDT","settle":null},"plan":"together","money":"USDT","notional":"50.123456789012345678901234567890123","edge_bps":12.5,"created_ns":1700000000000000003,"detected_ns":1700000000000000000}');
CREATE TABLE kills (
	since_ns BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	cleared_ns BIGINT, 
	clear_reason TEXT, 
	CONSTRAINT pk_kills PRIMARY KEY (since_ns)
);
INSERT INTO "kills" VALUES(5,'by hand',NULL,NULL);
CREATE TABLE notes (
	noted_ns BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	intent BIGINT, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (noted_ns, number)
);
INSERT INTO "notes" VALUES(1700000000000000000,1,'naked_leg',3,'0.1 BTC on mexc');
CREATE TABLE orders (
	client_order_id TEXT NOT NULL, 
	intent BIGINT NOT NULL, 
	leg INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	purpose TEXT NOT NULL, 
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side INTEGER NOT NULL, 
	quantity TEXT NOT NULL, 
	price TEXT NOT NULL, 
	order_id TEXT, 
	state TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	intended_ns BIGINT NOT NULL, 
	updated_ns BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_orders PRIMARY KEY (client_order_id)
);
INSERT INTO "orders" VALUES('order1leg0',1,0,0,'entry','mexc','BTC/USDT',1,'0.50','100.0000000000000000000000000000001','77','filled','0.50',1700000000000000001,9,'','{"plan":{"client_order_id":"order1leg0","intent":1,"leg":0,"attempt":0,"purpose":"entry","venue":"mexc","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":1,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000001},"order_id":"77","sent_ns":1700000000000000002,"doubt_ns":null,"stands":true,"was_open":false,"told_filled":"0.50","told_quote":null,"fills":{"t1":{"pair":"BTCUSDT","trade_id":"t1","order_id":"77","client_order_id":null,"side":1,"price":"100.0000000000000000000000000000001","quantity":"0.50","fee":"0.000500","fee_asset":"BTC","role":0,"exchange_ns":1700000000000000005}},"canceled":false,"filled_up":true,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":"0.50","reasons":[]}');
INSERT INTO "orders" VALUES('order1leg1',1,1,0,'entry','gateio','BTC/USDT',2,'0.50','100.0000000000000000000000000000001','77','filled','0.50',1700000000000000001,9,'','{"plan":{"client_order_id":"order1leg1","intent":1,"leg":1,"attempt":0,"purpose":"entry","venue":"gateio","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":2,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000001},"order_id":"77","sent_ns":1700000000000000002,"doubt_ns":null,"stands":true,"was_open":false,"told_filled":"0.50","told_quote":null,"fills":{"t1":{"pair":"BTCUSDT","trade_id":"t1","order_id":"77","client_order_id":null,"side":2,"price":"100.0000000000000000000000000000001","quantity":"0.50","fee":"0.000500","fee_asset":"BTC","role":0,"exchange_ns":1700000000000000005}},"canceled":false,"filled_up":true,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":"0.50","reasons":[]}');
INSERT INTO "orders" VALUES('order2leg0',2,0,0,'entry','mexc','BTC/USDT',1,'0.50','100.0000000000000000000000000000001','77','filled','0.50',1700000000000000002,9,'','{"plan":{"client_order_id":"order2leg0","intent":2,"leg":0,"attempt":0,"purpose":"entry","venue":"mexc","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":1,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000002},"order_id":"77","sent_ns":1700000000000000002,"doubt_ns":null,"stands":true,"was_open":false,"told_filled":"0.50","told_quote":null,"fills":{"t1":{"pair":"BTCUSDT","trade_id":"t1","order_id":"77","client_order_id":null,"side":1,"price":"100.0000000000000000000000000000001","quantity":"0.50","fee":"0.000500","fee_asset":"BTC","role":0,"exchange_ns":1700000000000000005}},"canceled":false,"filled_up":true,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":"0.50","reasons":[]}');
INSERT INTO "orders" VALUES('order2leg1',2,1,0,'entry','gateio','BTC/USDT',2,'0.50','100.0000000000000000000000000000001','77','filled','0.50',1700000000000000002,9,'','{"plan":{"client_order_id":"order2leg1","intent":2,"leg":1,"attempt":0,"purpose":"entry","venue":"gateio","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":2,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000002},"order_id":"77","sent_ns":1700000000000000002,"doubt_ns":null,"stands":true,"was_open":false,"told_filled":"0.50","told_quote":null,"fills":{"t1":{"pair":"BTCUSDT","trade_id":"t1","order_id":"77","client_order_id":null,"side":2,"price":"100.0000000000000000000000000000001","quantity":"0.50","fee":"0.000500","fee_asset":"BTC","role":0,"exchange_ns":1700000000000000005}},"canceled":false,"filled_up":true,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":"0.50","reasons":[]}');
INSERT INTO "orders" VALUES('order3leg0',3,0,0,'entry','mexc','BTC/USDT',1,'0.50','100.0000000000000000000000000000001',NULL,'intended','0',1700000000000000003,1700000000000000003,'','{"plan":{"client_order_id":"order3leg0","intent":3,"leg":0,"attempt":0,"purpose":"entry","venue":"mexc","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":1,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000003},"order_id":null,"sent_ns":null,"doubt_ns":null,"stands":false,"was_open":false,"told_filled":"0","told_quote":null,"fills":{},"canceled":false,"filled_up":false,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":null,"reasons":[]}');
INSERT INTO "orders" VALUES('order3leg1',3,1,0,'entry','gateio','BTC/USDT',2,'0.50','100.0000000000000000000000000000001',NULL,'intended','0',1700000000000000003,1700000000000000003,'','{"plan":{"client_order_id":"order3leg1","intent":3,"leg":1,"attempt":0,"purpose":"entry","venue":"gateio","symbol":{"base":"BTC","quote":"USDT","settle":null},"side":2,"quantity":"0.50","price":"100.0000000000000000000000000000001","intended_ns":1700000000000000003},"order_id":null,"sent_ns":null,"doubt_ns":null,"stands":false,"was_open":false,"told_filled":"0","told_quote":null,"fills":{},"canceled":false,"filled_up":false,"rejected":false,"refused":false,"unsent":false,"gone":false,"end_filled":null,"reasons":[]}');
CREATE TABLE results (
	intent BIGINT NOT NULL, 
	outcome TEXT NOT NULL, 
	money TEXT NOT NULL, 
	pnl TEXT NOT NULL, 
	residue_value TEXT NOT NULL, 
	moves TEXT NOT NULL, 
	fees TEXT NOT NULL, 
	ended_ns BIGINT NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_results PRIMARY KEY (intent)
);
INSERT INTO "results" VALUES(1,'done','USDT','0.1','-1E-34','{"USDT":"0.1"}','{"BTC":"0.0005"}',1700000000000000001,'');
INSERT INTO "results" VALUES(2,'done','USDT','0.1','-1E-34','{"USDT":"0.1"}','{"BTC":"0.0005"}',1700000000000000002,'');
CREATE TABLE settings (
	name TEXT NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_settings PRIMARY KEY (name)
);
INSERT INTO "settings" VALUES('owner','5af89eaad4741327355b3f3d2b95e1a1');
INSERT INTO "settings" VALUES('risk','{"kill":{"reason":"by hand","since_ns":5},"day":{"number":0,"pnl":{},"stopped":false},"breakers":{},"cooling":{}}');
CREATE INDEX ix_fills_exchange_ns ON fills (exchange_ns);
CREATE INDEX ix_intents_created_ns ON intents (created_ns);
CREATE INDEX ix_orders_intended_ns ON orders (intended_ns);
CREATE INDEX ix_orders_intent ON orders (intent);
CREATE INDEX ix_orders_state ON orders (state);
CREATE INDEX ix_results_ended_ns ON results (ended_ns);
COMMIT;
