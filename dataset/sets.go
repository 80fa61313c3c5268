package dataset

// sets are the known data sets. Checksums are of the decompressed content.
var sets = []Set{
	{
		Name: "papers", What: "arXiv listing records, a file a month", Rows: "54,002 records of 2025-03 to 2026-03", Licence: "CC0 (arXiv metadata)",
		Home: "https://github.com/dw-dengwei/daily-arXiv-ai-enhanced", Dir: "papers",
		Hint: "Collect records with \"offprint sync\", write them with \"offprint export\" to papers/YYYY-MM.jsonl.gz in a folder, and name that folder in OFFPRINT_DATA.",
	},
	{
		Name: "digits", What: "8x8 handwritten digits", Rows: "1,797 images", Licence: "CC BY 4.0 (UCI)",
		Home: "https://archive.ics.uci.edu/dataset/80", Dir: "tables",
		Files: []File{
			{Name: "digits.csv", SHA256: "b0ed65903cfd0be06922dfad78b92fae70b7de59fd5b629661d6de052d4ddad0"},
		},
		Hint: tableHint,
	},
	{
		Name: "breast-cancer", What: "tumours, two classes", Rows: "569 rows", Licence: "CC BY 4.0 (UCI)",
		Home: "https://archive.ics.uci.edu/dataset/17", Dir: "tables",
		Files: []File{
			{Name: "breast-cancer.csv", SHA256: "451ff47ee8b124a453de1da09c75d43ea7d5e441452b4e9d0e9990985c76a6bd"},
		},
		Hint: tableHint,
	},
	{
		Name: "wine", What: "wines, three classes", Rows: "178 rows", Licence: "CC BY 4.0 (UCI)",
		Home: "https://archive.ics.uci.edu/dataset/109", Dir: "tables",
		Files: []File{
			{Name: "wine.csv", SHA256: "999c5268a36639440203d7989d25da73e0da6a129e020bff79669b6684936820"},
		},
		Hint: tableHint,
	},
	{
		Name: "iris", What: "irises, three classes", Rows: "150 rows", Licence: "CC BY 4.0 (UCI)",
		Home: "https://archive.ics.uci.edu/dataset/53", Dir: "tables",
		Files: []File{
			{Name: "iris.csv", SHA256: "7bf853aef7f8b76858f787cd69f076f11ae5d772b3c876906d0f3ddac83c2642"},
		},
		Hint: tableHint,
	},
	{
		Name: "diabetes", What: "diabetes after a year, a regression", Rows: "442 rows", Licence: "free (Efron et al.)",
		Home: "https://hastie.su.domains/Papers/LARS/", Dir: "tables",
		Files: []File{
			{Name: "diabetes.csv", SHA256: "37c17dad77cd7dc7ee33726be53f53c8fbe26c7d20891e17e53315cf5844b29b"},
		},
		Hint: tableHint,
	},
	{
		Name: "cora", What: "citation graph", Rows: "2,708 nodes", Licence: "as published, for research",
		Home: "https://github.com/kimiyoung/planetoid", Dir: "graphs/cora",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "8d7fc96d5633460a6a66e31be3538bd352acb7afb555d9945461190755910c91"},
			{Name: "edges.tsv", SHA256: "a6cafe6abd12b83df937f643562bbc019baa15938937937b63dd59e419e7030c"},
		},
		Hint: graphHint,
	},
	{
		Name: "citeseer", What: "citation graph", Rows: "3,327 nodes", Licence: "as published, for research",
		Home: "https://github.com/kimiyoung/planetoid", Dir: "graphs/citeseer",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "9b4f5a591aaccf6766d1986e2d5b91c6afa8d5d46331eff98736bde79d068619"},
			{Name: "edges.tsv", SHA256: "951d931305f1a92110e32d75dd878ab1065bda59de0dbaade06abd3beed8b17f"},
		},
		Hint: graphHint,
	},
	{
		Name: "texas", What: "web pages, heterophilic", Rows: "183 nodes", Licence: "as published, for research",
		Home: "https://github.com/graphdml-uiuc-jlu/geom-gcn", Dir: "graphs/texas",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "64259f3e85373585a7664546de272d0d5fa42aa266074effeee218b6af382c91"},
			{Name: "edges.tsv", SHA256: "87868ec24c6ffe208a0858ac0cb5421768f33679d0c9f9b2a6ad9c939eccc099"},
		},
		Hint: graphHint,
	},
	{
		Name: "wisconsin", What: "web pages, heterophilic", Rows: "251 nodes", Licence: "as published, for research",
		Home: "https://github.com/graphdml-uiuc-jlu/geom-gcn", Dir: "graphs/wisconsin",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "df241d35ad5c7e216a8eb8453ce612bd5c8da1c6dcc01686f4988df5ed91f5a4"},
			{Name: "edges.tsv", SHA256: "cc774d1dd938e7095bf610df2cd8627a07aa040175062d157f77d8902e7b6fd3"},
		},
		Hint: graphHint,
	},
	{
		Name: "film", What: "actors, heterophilic", Rows: "7,600 nodes", Licence: "as published, for research",
		Home: "https://github.com/graphdml-uiuc-jlu/geom-gcn", Dir: "graphs/film",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "9a535fb110b896aa4afe61f1ab9e65ca660f2f778cba0d45b1ed80f702d5fa40"},
			{Name: "edges.tsv", SHA256: "52f804ea3fd08c457228fda33988461bb8928eb18f6d857e8600d18f87b06543"},
		},
		Hint: graphHint,
	},
	{
		Name: "blogcatalog", What: "social graph with 39 groups", Rows: "10,312 nodes, 333,983 edges", Licence: "as published, for research",
		Home: "https://github.com/GTmac/FastRP", Dir: "graphs/blogcatalog",
		Files: []File{
			{Name: "nodes.tsv", SHA256: "02eddb76e8d438375f5fdb42512eefa8fb9684e071acb70d48c7732ab7dd3e39"},
			{Name: "edges.tsv", SHA256: "4561fa9f1ee25ef1c231d0019c838f2e6abe134ea1eb1d7bac1db436d56f1a9a"},
		},
		Hint: graphHint,
	},
	{
		Name: "movielens-100k", What: "film ratings", Rows: "100,000 ratings", Licence: "GroupLens, for research, not to be redistributed",
		Home: "https://grouplens.org/datasets/movielens/100k/", Dir: "interactions/movielens-100k",
		Files: []File{
			{Name: "u.data", SHA256: "2d39d64888f53a643e725c0fdb034e03c9d867d1ccb4c705f20d1cf932cc4924", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/u.data"},
			{Name: "u.genre", SHA256: "9757e0d3e6b298159a80dd48eaf938114690e911e39af97a76949ef1663610bb", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/u.genre"},
			{Name: "u.item", SHA256: "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701", Headed: "85088cd935d82a172846ecb9ef5889dace354d7ec52a3df65be6889444b78a6a", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/u.item"},
			{Name: "u.user", SHA256: "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c", Headed: "70e3fc6afcdc2e74e2cafab36f582d134b476148744d7c961017d6c5636ff1db", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/u.user"},
			{Name: "ua.base", SHA256: "67b5bcdb380c29f85d56a012ecd88612ae020f30a6730d117a334ee8203b91f2", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/ua.base"},
			{Name: "ua.test", SHA256: "d0497e202417720f57a184ec8c66be2d1afa4ff41bb53787c57b28d6bf79bc42", URL: "https://files.grouplens.org/datasets/movielens/ml-100k/ua.test"},
		},
	},
	{
		Name: "gowalla", What: "check-ins at places", Rows: "1,027,370 pairs", Licence: "Cho et al. (SNAP), for research",
		Home: "https://snap.stanford.edu/data/loc-gowalla.html", Dir: "interactions/gowalla",
		Files: []File{
			{Name: "train.txt", SHA256: "0f086326b28a56c2e6dcb81d86ee72d4ccb7eed3a8d26788392356d8f51111cc", URL: "https://raw.githubusercontent.com/xiangwang1223/neural_graph_collaborative_filtering/master/Data/gowalla/train.txt"},
			{Name: "test.txt", SHA256: "099a2a73924e4b754dc6efd730d764f492321b53c38eb93298850c83acf57be3", URL: "https://raw.githubusercontent.com/xiangwang1223/neural_graph_collaborative_filtering/master/Data/gowalla/test.txt"},
		},
	},
	{
		Name: "lastfm", What: "listens and who trusts whom", Rows: "1,892 users", Licence: "HetRec 2011, for research",
		Home: "https://grouplens.org/datasets/hetrec-2011/", Dir: "interactions/lastfm",
		Files: []File{
			{Name: "data1.txt", SHA256: "c82af3228cbbda2f55a39244de09ed93292894f1d0d9f1908ebb57e27598fded", URL: "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/lastfm/data1.txt"},
			{Name: "test1.txt", SHA256: "de4417c0e6123284ce59a0934bcf5288ec1ec8774a18a1eef453c9952dfa48f9", URL: "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/lastfm/test1.txt"},
			{Name: "trustnetwork.txt", SHA256: "5b5bd7cbe4d22f3cd333dbfc7ec4b995cb2bdb28d95b0e9c5fc5607079f7b69e", URL: "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/lastfm/trustnetwork.txt"},
		},
	},
	{
		Name: "tinyshakespeare", What: "plays of Shakespeare as plain text", Rows: "1.1 MB", Licence: "public domain",
		Home: "https://github.com/karpathy/char-rnn", Dir: "text",
		Files: []File{
			{Name: "tinyshakespeare.txt", SHA256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed", URL: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"},
		},
	},
}

const (
	tableHint = "Its home has another format. Write it as a CSV file with the header x0,x1,...,y to tables/NAME.csv (or .csv.gz) in a folder, and name that folder in OFFPRINT_DATA."
	graphHint = "Its home has another format. Write nodes.tsv (node, label or -1, split, features) and edges.tsv (two nodes a line) to graphs/NAME in a folder, and name that folder in OFFPRINT_DATA."
)
