"""Texts on which tokenizers go wrong. Every string is data made for this test."""

PROSE = [
    "Hello world! The quick brown fox jumps over the lazy dog, 123 times in 2024.",
    "It's what we've said: they'll go, I'm sure you'd agree; don't you? He's she'S WE'RE I'LL 'Tis o'clock 'sauce 'REd",
    "\u2019s \u2018t it\u2019s '\u017f '\u017fa a'\u017f 's's'S'\u017f'll'LL'lL'l 'v 'r 've'VE're'RE'rE 'm'M'd'D't'T",
    "it'\u017fand it'Sand it'sand it'\u017f\u017f we'REally we'really I'LLs I'Llx he'VEx he'dx I'Mx can'Tx \u017f'\u017f's",
    "Überraschung! Größe, Straße, Äpfel \u2014 »Anführung« \u201eso\u201c.", "Où est l'élève? Ça va, garçon. L'été à l'hôtel.",
    "El niño comió piñas; ¿por qué? ¡Así!", "Łódź, żółw, gęś i jaźń.", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.", "Η γρήγορη καφέ αλεπού πηδάει.",
    "مرحبا بالعالم، كيف حالك؟ ٠١٢٣٤٥٦٧٨٩", "שלום עולם, מה שלומך? בְּרֵאשִׁית", "नमस्ते दुनिया! क्षत्रिय १२३४५ श्री",
    "สวัสดีชาวโลก กำลังทดสอบ ๐๑๒๓", "你好，世界！今天是二〇二四年。天氣很好。", "こんにちは世界。カタカナ、ひらがな、漢字。ガ ガ",
    "안녕하세요 세계! 한글 한글", "Xin chào thế giới, tiếng Việt có dấu.", "გამარჯობა მსოფლიო", "Բարեւ աշխարհ",
    "வணக்கம் உலகம் ௧௨௩", "ಕನ್ನಡ ೧೨೩ తెలుగు ౧౨౩", "ሰላም ልዑል ፩፪፫", "\u10d0\u1c90 \ua73a\ua73b \u01c5 \u02b0\u02c6",
]
NORMALISATION = [
    "e\u0301 \u00e9 E\u0300 a\u0308o\u0308u\u0308 n\u0303", "\u1e9b\u0323 \u1e69 s\u0323\u0307 s\u0307\u0323", "\u212b \u2126 \u00c5 A\u030a",
    "\u1100\u1161\u11a8 \uac01 \u1112\u1161\u11ab\u1100\u1173\u11af", "q\u0307\u0323\u0301x \u0344 \u0958 \u2adc \ufb1d \U0001d15e",
    "a\u0315\u0300\u05ae\u0300b a\u0300\u0315\u05aeb", "cafe\u0301 <mask> cafe\u0301 \u00e9t\u00e9 e\u0301t\u00e9 word sword words word",
    "\u0300leading mark \u0301\u0301", "Z\u0351\u036b\u0343\u036a\u0302a\u0335\u0329\u033dl\u0324\u0317g\u0358o\u0321",
]
EMOJI = [
    "\U0001f600\U0001f601 \U0001f44b\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 end",
    "\U0001f3f3\ufe0f\u200d\U0001f308 \u2764\ufe0f 1\ufe0f\u20e3 \U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 \u00a9\u00ae\u2122",
    "\U00010348\U0001d4d0\U0001d7d8\U0001f4af \U000e0067\U000e007f \U0010fffd \ue000", "\ufffd\ufeff\u200b\u200c\u200d\u2060x",
]
WHITESPACE = [
    "", " ", "  ", "   a", "a   ", " a  b   c    d     e", "\n", "\n\n", "\r\n\r\n", " \n \n a", "a \n", "a  \n  b", "\t\tx\t y",
    "a\u0085b\u0085\u0085c \u0085", "a\u000bb\u000b\u000b c", "a\u000cb \u000c\u000c", "a\u00a0b\u00a0\u00a0c \u00a0d",
    "a\u3000b\u3000\u3000c", "a\u1680b\u2000\u2001c\u2028d\u2029e\u202ff\u205fg", "a\u180eb\u180e\u180e c", "a\u001cb\u001d\u001e\u001f c",
    "a\u200bb \u200b\u200b", "x \r y\r\n \r\nz \n\r w", "\n \n\t\n  end", "trailing newline \n", "trailing blanks   \t ",
    "end\r", "  \n\n  'sand  't  ", "!\n\n?\r\n ...\n\n\nx", " \u00e9 \u0301 \u00a0 \u3000 ",
]
DIGITS = [
    "1 12 123 1234 12345 123456 1234567890", "3.14159 1,000,000.00 -42 +7 1e-9 0x7f", "\u0661\u0662\u0663\u0664\u0665 \u0967\u0968\u0969\u096a \uff11\uff12\uff13\uff14",
    "\u2160\u2161\u2162 \u00bd\u00be \u00b2\u00b3\u00b9 \u2460\u2461 \u3007\u3021 \U0001d7ce\U0001d7cf\U0001d7d0\U0001d7d1", "a1b22c333d4444 5th x\u00b2 v1.2.3-rc4",
    "2024-07-26T12:34:56Z 192.168.0.1", "1'2''s 3's 4'T", "\U00010107 \u0bf0\u0bf1 \U00011de1 \U00010d41\u0662",
]
CODE = [
    "def f(x: int) -> str:\n    \"\"\"Doc.\"\"\"\n    if x != 0:\n\t\treturn f'{x:>8}'  # comment\n\n\nclass A:\n    pass\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * c; }  // loop\r\n\r\n#include <vector>\r\n", "{\"key\": [1, 2.5, null, true], \"s\": \"a\\n\\u00e9\"}",
    "SELECT * FROM t WHERE a='it''s' AND b>=10;--x", "<div class=\"a b\">&amp;&lt;</div><!-- c -->", "$HOME/.bashrc | grep -E '^[a-z]+$' && echo \"${x}\"",
    "https://example.com/a_b?c=d&e=%20f#g user@example.org", "a_b __init__ snake_case camelCase HTTPServer XMLHttpRequest",
    "\\frac{a}{b} $x^{2}$ \\alpha", "....... ------- ======= ####### !!!??? (((())))", "~`@#$%^&*()_+-={}|[]\\:\";'<>?,./",
]
CONTROL = [
    "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|endoftext|><|endoftext|> <|im_end|>x", "<|im_start", "|im_start|>", "<|im_start|><|im_start|>x<|im_start|>", "<tool_call>{}</tool_call>",
    "a <|im_end|> b", "text<|begin_of_text|>text", "x <mask>  <mask>y  <right>  z<right>\n\nq", "<|IM_START|> < |im_start|> <|im_start|",
    "\x00\x01\x02\x04\x06\x7f\x80\x9f", "word word2 2word _word word_ word-word \u00e9word wordé w.word.w",
]
RUNS = ["a" * 300, "ab" * 200, " " * 257, "\n" * 130, "1" * 100, "!" * 100, "\u0301" * 60, "\U0001f600" * 40, "é" * 90, "漢" * 50, "a b" * 60,
        "x " * 70, "\t " * 40, " \n" * 40, "'s" * 30, "aA" * 50, "=" * 77 + "\n" + "-" * 33]

TEXTS = PROSE + NORMALISATION + EMOJI + WHITESPACE + DIGITS + CODE + CONTROL + RUNS
