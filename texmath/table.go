package texmath

import "strings"

// letters are the commands that stand for a letter: TeX takes the space after
// them as the end of their name.
var letters = map[string]string{
	"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
	"zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ",
	"lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "varpi": "ϖ",
	"rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ",
	"phi": "φ", "varphi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω",
	"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
	"Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
	"ell": "ℓ", "hbar": "ℏ", "imath": "ı", "jmath": "ȷ", "Re": "ℜ", "Im": "ℑ", "wp": "℘", "aleph": "ℵ",
	"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø",
	"l": "ł", "L": "Ł", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ",
	"nabla": "∇", "partial": "∂", "forall": "∀", "exists": "∃", "neg": "¬", "lnot": "¬",
	"sum": "∑", "prod": "∏", "int": "∫", "oint": "∮",
}

// operators take a space on each side between two operands.
var operators = map[string]string{
	"times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "ast": "∗", "circ": "∘", "bullet": "•",
	"oplus": "⊕", "ominus": "⊖", "otimes": "⊗", "odot": "⊙", "cup": "∪", "cap": "∩", "setminus": "∖",
	"wedge": "∧", "land": "∧", "vee": "∨", "lor": "∨",
	"le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠",
	"ll": "≪", "gg": "≫", "approx": "≈", "sim": "~", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝",
	"lt": "<", "gt": ">", "lesssim": "≲", "gtrsim": "≳", "prec": "≺", "succ": "≻", "preceq": "⪯", "succeq": "⪰",
	"in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇",
	"to": "→", "rightarrow": "→", "longrightarrow": "→", "leftarrow": "←", "gets": "←", "mapsto": "↦",
	"leftrightarrow": "↔", "Rightarrow": "⇒", "implies": "⇒", "Leftarrow": "⇐", "Leftrightarrow": "⇔", "iff": "⇔",
	"mid": "|", "parallel": "∥", "perp": "⊥", "models": "⊨", "vdash": "⊢", "vDash": "⊨", "coloneqq": "≔",
}

// signs stand as they are.
var signs = map[string]string{
	"%": "%", "&": "&", "#": "#", "$": "$", "_": "_", "{": "{", "}": "}", "|": "‖",
	" ": " ", "\n": " ", ",": " ", ";": " ", ":": " ", "quad": " ", "qquad": " ", "space": " ", "\\": " ", "newline": " ", "linebreak": " ",
	"!": "", "-": "", "/": "", "@": "", ")": "", "]": "",
	"infty": "∞", "ldots": "…", "dots": "…", "cdots": "⋯", "dotsc": "…", "vdots": "⋮", "textellipsis": "…",
	"prime": "′", "dagger": "†", "ddagger": "‡", "star": "⋆", "deg": "°", "degree": "°", "textdegree": "°",
	"emptyset": "∅", "varnothing": "∅", "top": "⊤", "bot": "⊥", "angle": "∠", "triangle": "△", "square": "□",
	"uparrow": "↑", "downarrow": "↓", "updownarrow": "↕", "nearrow": "↗", "searrow": "↘",
	"langle": "⟨", "rangle": "⟩", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋",
	"lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "vert": "|", "lvert": "|", "rvert": "|",
	"Vert": "‖", "lVert": "‖", "rVert": "‖", "backslash": "\\", "textbackslash": "\\", "slash": "/",
	"textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”",
	"textasciitilde": "~", "textasciicircum": "^", "textunderscore": "_", "textbar": "|", "textless": "<", "textgreater": ">",
	"textregistered": "®", "circledR": "®", "texttrademark": "™", "copyright": "©", "textcopyright": "©", "pounds": "£", "euro": "€",
	"S": "§", "P": "¶", "checkmark": "✓", "clubsuit": "♣", "heartsuit": "♡", "spadesuit": "♠", "diamondsuit": "♢",
	"LaTeX": "LaTeX", "TeX": "TeX", "sharp": "♯", "flat": "♭", "natural": "♮",
}

// functions are words of a formula.
var functions = set("log ln lg exp sin cos tan cot sinh cosh tanh arcsin arccos arctan min max argmin argmax arg inf sup lim " +
	"det dim ker gcd Pr mod bmod softmax sgn sign tr")

// dropped are commands without anything to show, and how many arguments go
// with them.
var dropped = map[string]int{
	"label": 1, "color": 1, "vspace": 1, "hspace": 1, "begin": 1, "end": 1, "thanks": 1, "phantom": 1,
	"displaystyle": 0, "textstyle": 0, "scriptstyle": 0, "limits": 0, "nolimits": 0, "noindent": 0, "protect": 0, "xspace": 0,
	"tiny": 0, "small": 0, "footnotesize": 0, "normalsize": 0, "large": 0, "Large": 0, "huge": 0,
	"big": 0, "Big": 0, "bigg": 0, "Bigg": 0, "bigl": 0, "bigr": 0, "Bigl": 0, "Bigr": 0, "middle": 0,
	"rm": 0, "sf": 0, "sc": 0, "sl": 0, "cal": 0, "bfseries": 0, "itshape": 0, "ttfamily": 0, "scshape": 0,
}

// textAccents are combining characters by the command that puts them on a letter.
var textAccents = map[string]string{
	"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "\"": "\u0308", "=": "\u0304", ".": "\u0307",
	"u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "r": "\u030a", "k": "\u0328", "t": "\u0361",
}

var mathAccents = map[string]string{
	"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0304",
	"vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "acute": "\u0301", "grave": "\u0300", "check": "\u030c", "breve": "\u0306",
	"mathring": "\u030a", "not": "\u0338",
}

// alphabet is one of Unicode's mathematical alphabets.
type alphabet struct {
	upper, lower rune // of A and a; 0 if there are none
	holes        map[rune]rune
}

var (
	script       = alphabet{'𝒜', '𝒶', pairs("BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ")}
	doubleStruck = alphabet{'𝔸', '𝕒', pairs("CℂHℍNℕPℙQℚRℝZℤ")}
	fraktur      = alphabet{'𝔄', '𝔞', pairs("CℭHℌIℑRℜZℨ")}
)

var alphabets = map[string]alphabet{"mathcal": script, "mathscr": script, "mathbb": doubleStruck, "mathds": doubleStruck, "mathfrak": fraktur}

// convert returns s if it is more than a few letters: a word is better read in
// ordinary ones.
func (a alphabet) convert(s string) string {
	if len(s) > 3 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if m, ok := a.holes[r]; ok {
			return m
		}
		switch {
		case r >= 'A' && r <= 'Z':
			return a.upper + r - 'A'
		case r >= 'a' && r <= 'z':
			return a.lower + r - 'a'
		}
		return r
	}, s)
}

var (
	superscripts = pairs("0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹+⁺−⁻=⁼(⁽)⁾aᵃbᵇcᶜdᵈeᵉfᶠgᵍhʰiⁱjʲkᵏlˡmᵐnⁿoᵒpᵖrʳsˢtᵗuᵘvᵛwʷxˣyʸzᶻ" +
		"AᴬBᴮDᴰEᴱGᴳHᴴIᴵJᴶKᴷLᴸMᴹNᴺOᴼPᴾRᴿTᵀUᵁVⱽWᵂαᵅβᵝγᵞδᵟθᶿ⊤ᵀ")
	subscripts = pairs("0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉+₊−₋=₌(₍)₎aₐeₑhₕiᵢjⱼkₖlₗmₘnₙoₒpₚrᵣsₛtₜuᵤvᵥxₓβᵦγᵧρᵨφᵩχᵪ")
)

func pairs(s string) map[rune]rune {
	m := map[rune]rune{}
	runes := []rune(s)
	for i := 0; i+1 < len(runes); i += 2 {
		m[runes[i]] = runes[i+1]
	}
	return m
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
